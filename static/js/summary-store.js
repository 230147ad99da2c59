/* What was typed and is not yet confirmed by the server, kept in this browser: localStorage, under person, assignment and section,
   so that it outlives a reload, a crash and a night. Each open page keeps its own entries, or two tabs without a connection would
   write over each other; what a closed page left behind is taken over by the next one.
   summary-save.js asks by events on document, answered at once in detail: "kept-put", "kept-drop", "kept-adopt". */

const form = document.querySelector("[data-summary]");
const PREFIX = "concord-kept";
const page = crypto.getRandomValues(new Uint32Array(2)).join("");
const mine = form && `${PREFIX}/${form.dataset.user}/${form.dataset.assignment}/`;
const address = (section) => `${mine}${section}/${page}`;

// A lock is held as long as the page lives, and nobody else can hold the same: so it tells who is still there.
let leave = () => {};
const stay = () => navigator.locks?.request(`${PREFIX}/${page}`, () => new Promise((done) => (leave = done)));
if (form) {
  stay();
  addEventListener("pagehide", () => leave());
  addEventListener("pageshow", (event) => event.persisted && stay());
}

async function living() {
  if (!navigator.locks) return new Set();
  const { held } = await navigator.locks.query();
  return new Set(held.map((lock) => lock.name.split("/")[1]));
}

function put(section, entry) {
  try {
    localStorage.setItem(address(section), JSON.stringify({ ...entry, at: Date.now(), url: location.href, title: document.title }));
    return true;
  } catch {
    return false; // full, or forbidden: then the page must not claim that anything is kept
  }
}

const namesOf = (prefix) => Object.keys(localStorage).filter((name) => name.startsWith(prefix));

function entriesOf(prefix) {
  return namesOf(prefix).map((name) => [name, JSON.parse(localStorage.getItem(name))]);
}

/* Left behind by pages that are gone: [{section, …entry, drop}], oldest first. */
async function adopt() {
  const alive = await living();
  const left = entriesOf(mine).filter(([name]) => name.split("/").at(-1) !== page && !alive.has(name.split("/").at(-1)));
  return left
    .map(([name, entry]) => ({ ...entry, section: name.slice(mine.length).split("/")[0], drop: () => localStorage.removeItem(name) }))
    .sort((one, other) => one.at - other.at);
}

/* The newest version of each section that this browser has seen: a page may be older than the last save of the page before it, when it
   was asked for while that save was on its way, or comes back from the browser's memory. */
const seenAt = form && `concord-seen/${form.dataset.user}/${form.dataset.assignment}`;
const seen = () => JSON.parse(localStorage.getItem(seenAt) ?? "{}");

function see(section, version) {
  try {
    localStorage.setItem(seenAt, JSON.stringify({ ...seen(), [section]: version }));
  } catch {
    /* full: then a page may be old for a moment, and the server says so on the next save */
  }
}

document.addEventListener("version-seen", ({ detail }) => (detail.version ? see(detail.section, detail.version) : (detail.seen = seen())));
document.addEventListener("kept-put", (event) => (event.detail.isKept = put(event.detail.section, event.detail.entry)));
document.addEventListener("kept-drop", (event) => localStorage.removeItem(address(event.detail.section)));
document.addEventListener("kept-adopt", ({ detail }) => {
  detail.isAny = namesOf(mine).length > 0;
  detail.entries = adopt();
});
