/* What was typed on a coding page and has not reached the server waits in this browser (summary-store.js). Every page says so to the
   person it belongs to, and to nobody else; signing out asks first, and leaves nothing behind. */

const person = document.body.dataset.person;
const prefix = `concord-kept/${person}/`;
const names = () => Object.keys(localStorage).filter((name) => name.startsWith(prefix));
const form = document.querySelector("[data-summary]");

/* What waits, by the page it was typed on, as it was typed: [{name, …entry} …] */
function waiting() {
  const here = form && `${prefix}${form.dataset.assignment}/`;
  const found = names().filter((name) => !here || !name.startsWith(here));
  const entries = found.map((name) => ({ name, ...JSON.parse(localStorage.getItem(name)) })).sort((one, other) => one.at - other.at);
  return Map.groupBy(entries, (entry) => entry.url.split("#")[0]);
}

const make = (tag, facts, ...children) => {
  const element = Object.assign(document.createElement(tag), facts);
  element.append(...children);
  return element;
};

/* The words themselves, for a summary that takes them no longer. */
function words(entries) {
  const list = make("ul", {});
  for (const [name, value] of entries.flatMap((entry) => entry.pairs)) {
    if (value && !/-(codes|absence|mark-code|confidence|yes_no)$/.test(name)) list.append(make("li", { dir: "auto", textContent: value }));
  }
  return list;
}

const isThisPage = (url) => new URL(url, location.href).pathname === location.pathname;

/* Submitted, or closed, before the words arrived: they can only be copied. */
function late(entries) {
  const remove = make("button", { type: "button", className: "button button-small", textContent: "Remove them from this browser" });
  const alert = make("div", { className: "notice notice-warning" },
    make("p", {}, make("strong", { textContent: "Not in the summary: " }), "what you typed here reached the server too late. Copy what you need; a lead can reopen the summary."),
    words(entries), remove);
  remove.addEventListener("click", () => {
    for (const { name } of entries) localStorage.removeItem(name);
    alert.remove();
  });
  return alert;
}

function unsent(url, entries) {
  const link = make("a", { href: url, textContent: entries[0].title.split(" · ")[0] });
  const text = make("p", {}, make("strong", { textContent: "Not saved yet: " }), "what you typed on ", link, " waits in this browser. Open it to send it.");
  return make("div", { className: "notice notice-warning" }, text, make("details", {}, make("summary", { textContent: "show the words" }), words(entries)));
}

function tell() {
  const place = document.getElementById("messages");
  if (!place) return;
  for (const [url, entries] of waiting()) place.append(isThisPage(url) && !form ? late(entries) : unsent(url, entries));
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
