/* The keyboard of the coding page. Keys of one letter work while nothing is being typed, and can be switched off (dialog "Keys").
   Also here: the dialogs' close buttons, and the way on: review, next paper. */

const form = document.querySelector("[data-summary]");
const dialog = document.getElementById("keys-dialog");
const SWITCH = "concord-single-keys-off";
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

const sections = () => [...form.querySelectorAll("[data-section]")];
let last = null;
form?.addEventListener("focusin", (event) => (last = event.target.closest("[data-section]") ?? last));
const here = () => document.activeElement.closest("[data-section]") ?? last ?? sections()[0];

function focusOn(section) {
  if (!section) return;
  document.dispatchEvent(new CustomEvent("show-pane", { detail: "form" }));
  last = section;
  section.focus({ preventScroll: true });
  section.scrollIntoView({ block: "nearest" });
  section.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

function step(by) {
  const all = sections();
  const place = document.activeElement.closest("[data-section]") || last ? all.indexOf(here()) + by : 0;
  focusOn(all[Math.min(Math.max(place, 0), all.length - 1)]);
}

/* How sure one is belongs to the answer, and is not the answer. */
const CHOICES = "[data-picker] input, .choices:not(.confidence) input";

function toField() {
  const section = here();
  const choices = [...section.querySelectorAll(CHOICES)];
  const field =
    section.querySelector("[data-filter]") ??
    section.querySelector(".answer") ??
    choices.find((choice) => choice.checked && choice.value) ??
    choices[0] ??
    section.querySelector("[data-propose]");
  document.dispatchEvent(new CustomEvent("show-pane", { detail: "form" }));
  field?.focus();
  field?.select?.();
}

/* An absence is taken back by the same key. */
function toggleAbsence(value) {
  const section = here();
  const radios = [...section.querySelectorAll("[data-absence] input")];
  const wanted = radios.find((radio) => radio.value === value);
  if (!wanted) return;
  const radio = wanted.checked ? radios.find((other) => !other.value) : wanted;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  if (!section.contains(document.activeElement)) focusOn(section);
}

function toEvidence() {
  const details = here().querySelector("[data-mark] details, [data-proof-answer] details");
  if (!details) return;
  details.open = true;
  details.querySelector("textarea").focus();
}

async function goTo(url) {
  const asked = { done: Promise.resolve(true) };
  document.dispatchEvent(new CustomEvent("flush", { detail: asked }));
  if (await asked.done) location.assign(url);
  else document.querySelector("[data-saved]").scrollIntoView({ block: "nearest" });
}

const tell = (name) => () => document.dispatchEvent(new CustomEvent(name));
const pane = (which) => () => {
  document.dispatchEvent(new CustomEvent("show-pane", { detail: which }));
  if (which === "paper") document.getElementById("paper-pane").focus();
  else focusOn(here());
};

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  "/": toField,
  x: () => toggleAbsence("none_apply"),
  r: () => toggleAbsence("not_reported"),
  u: () => toggleAbsence("unclear"),
  n: () => toggleAbsence("not_applicable"),
  e: toEvidence,
  q: tell("quote-selection"),
  c: () => here().querySelector("[data-propose]")?.click(),
  z: tell("undo"),
  p: pane("paper"),
  f: pane("form"),
  ".": () => goTo(form.dataset.nextUrl),
  "?": () => dialog.showModal(),
};

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    goTo(form.dataset.reviewUrl);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches(TYPING);
  if (event.key === "Escape" && isTyping && form.contains(event.target)) {
    event.preventDefault();
    focusOn(here());
    return;
  }
  if (isTyping || localStorage.getItem(SWITCH) || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
}

if (form) {
  document.addEventListener("keydown", onKey);
  document.addEventListener("go-review", () => goTo(form.dataset.reviewUrl));
  const single = dialog.querySelector("[data-single-keys]");
  single.checked = !localStorage.getItem(SWITCH);
  single.addEventListener("change", () => (single.checked ? localStorage.removeItem(SWITCH) : localStorage.setItem(SWITCH, "1")));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) dialog.showModal();
    if (event.target.closest("[data-skip]")) {
      event.preventDefault();
      goTo(form.dataset.nextUrl);
    }
    event.target.closest("[data-close]")?.closest("dialog").close();
  });
}
