/* What was typed on a coding page and has not reached the server waits in this browser (summary-store.js). Every page says so to the
   person it belongs to, and to nobody else; signing out asks first, and leaves nothing behind. */

const person = document.body.dataset.person;
const prefix = `concord-kept/${person}/`;
const names = () => Object.keys(localStorage).filter((name) => name.startsWith(prefix));
const form = document.querySelector("[data-summary]");

function waiting() {
  const here = form && `${prefix}${form.dataset.assignment}/`;
  const entries = names().filter((name) => !here || !name.startsWith(here)).map((name) => JSON.parse(localStorage.getItem(name)));
  return new Map(entries.map((entry) => [entry.url, entry]));
}

const make = (tag, facts, ...children) => {
  const element = Object.assign(document.createElement(tag), facts);
  element.append(...children);
  return element;
};

/* The words themselves, for a summary that takes them no longer. */
function words(entry) {
  const list = make("ul", {});
  for (const [name, value] of entry.pairs) {
    if (value && !/-(codes|absence|mark-code|confidence|yes_no)$/.test(name)) list.append(make("li", { dir: "auto", textContent: value }));
  }
  return make("details", {}, make("summary", { textContent: "show the words" }), list);
}

function tell() {
  const place = document.getElementById("messages");
  if (!place) return;
  for (const [url, entry] of waiting()) {
    const link = make("a", { href: url, textContent: entry.title.split(" · ")[0] });
    const text = make("p", {}, make("strong", { textContent: "Not saved yet: " }), "what you typed on ", link, " waits in this browser. Open it to send it.");
    place.append(make("div", { className: "alert alert-warning" }, text, words(entry)));
  }
}

function forget() {
  for (const name of names()) localStorage.removeItem(name);
}

function forgetVersions() {
  for (const name of Object.keys(localStorage)) if (name.startsWith(`concord-seen/${person}/`)) localStorage.removeItem(name);
}

async function signOut(leaving) {
  const asked = { done: Promise.resolve() };
  document.dispatchEvent(new CustomEvent("flush", { detail: asked }));
  await asked.done;
  const dialog = document.getElementById("unsent-dialog");
  forgetVersions();
  if (!names().length) return leaving.submit();
  dialog.querySelector("[data-throw-away]").onclick = () => {
    forget();
    leaving.submit();
  };
  return dialog.showModal();
}

if (person) {
  tell();
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-sign-out]")) return;
    event.preventDefault();
    signOut(event.target);
  });
}
