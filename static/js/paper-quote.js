/* Words selected in the paper become evidence: a small bar offers the section and the code. No code is chosen before somebody
   chooses it; what is said of the answer as a whole is a choice too. */

const form = document.querySelector("[data-summary]");
const bar = document.querySelector("[data-quote-popup]");
const paper = document.querySelector("[data-paper]");
const sectionField = bar?.querySelector("[data-quote-section]");
const codeField = bar?.querySelector("[data-quote-code]");
const searchField = bar?.querySelector("[data-quote-search]");
const hint = bar?.querySelector("[data-quote-hint]");
const WHOLE = "whole";
const MANY = 7;
let held = null;
let last = null;

/* Lines of a PDF end in the middle of words: a hyphen at the end of a line joins, any other line end is a space. */
const joined = (text) => text.replace(/[\u00ad\u2010-]\s*\n\s*(?=\p{Ll})/gu, "").replace(/\s+/g, " ").trim();

function selected() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const from = range.startContainer.parentElement?.closest(".pdf-page, [data-quotable]");
  if (!from || !paper.contains(from)) return null;
  const quote = joined(selection.toString());
  return quote && { quote, page: pagesOf(range, from), box: range.getBoundingClientRect() };
}

/* "4", or "4–5" where the words go on; a selection that ends before the first letter of a page is not on it. */
function pagesOf(range, from) {
  const first = from.dataset.page ?? "";
  const last = range.endOffset && range.endContainer.parentElement?.closest(".pdf-page")?.dataset.page;
  return last && last !== first ? `${first}–${last}` : first;
}

const option = (value, words) => new Option(words, value);

function offerSections() {
  const sections = [...form.querySelectorAll("[data-section]")];
  sectionField.replaceChildren(...sections.map((section) => option(section.dataset.section, section.dataset.label)));
  sectionField.value = last && sections.some((section) => section.dataset.section === last) ? last : sections[0]?.dataset.section;
  offerCodes();
}

const definitionOf = (input) => input.closest("label, .choice").querySelector(".definition")?.textContent ?? "";
const labelOf = (input) => input.closest("label, .choice").querySelector("[data-option-label]").textContent;

function codesHere() {
  const section = document.getElementById(`s-${sectionField.value}`);
  return [...section.querySelectorAll(`input[name="${CSS.escape(sectionField.value)}-codes"]`)].filter((input) => input.value);
}

function group(words, inputs) {
  const element = Object.assign(document.createElement("optgroup"), { label: words });
  element.append(...inputs.map((input) => option(input.value, labelOf(input))));
  return inputs.length ? [element] : [];
}

function offerCodes() {
  const inputs = codesHere();
  const chosen = inputs.filter((input) => input.checked);
  const rest = inputs.filter((input) => !input.checked);
  const whole = option(WHOLE, "the answer as a whole");
  if (inputs.length) codeField.replaceChildren(option("", "choose …"), ...group("chosen", chosen), ...group("codes", rest), whole);
  else codeField.replaceChildren(whole);
  bar.querySelector("[data-quote-code-label]").hidden = !inputs.length;
  bar.querySelector("[data-quote-search-label]").hidden = inputs.length <= MANY;
  searchField.value = "";
  say("");
}

function say(words) {
  hint.textContent = words;
  codeField.toggleAttribute("aria-invalid", Boolean(words) && !codeField.value);
}

/* The hits come first; none is taken while one types. */
function search() {
  const inputs = codesHere();
  const codes = inputs.map((input) => ({ label: labelOf(input), definition: definitionOf(input) }));
  const detail = { typed: searchField.value, codes };
  document.dispatchEvent(new CustomEvent("rank-codes", { detail }));
  return { found: detail.found.map((place) => inputs[place]), sure: inputs[detail.sure] };
}

function narrow() {
  if (!searchField.value.trim()) return offerCodes();
  const { found } = search();
  codeField.replaceChildren(option("", `choose of ${found.length} found …`), ...group("found", found), option(WHOLE, "the answer as a whole"));
  return say("");
}

/* Enter in the search takes what cannot be another code; a second Enter, on the code, adds the quote. */
function take() {
  if (!searchField.value.trim()) return codeField.focus();
  const { found, sure } = search();
  if (sure) codeField.value = sure.value;
  codeField.focus();
  return say(sure ? "" : found.length ? `${found.length} codes fit: choose one.` : "No code has these words.");
}

function show() {
  const now = selected();
  if (!now) return;
  const isNew = bar.hidden;
  held = now;
  if (isNew) offerSections();
  bar.hidden = false;
  const { width, height } = bar.getBoundingClientRect();
  const x = Math.min(Math.max(now.box.left, 8), innerWidth - width - 8);
  const below = now.box.bottom + 8;
  const y = below + height > innerHeight ? Math.max(now.box.top - height - 8, 8) : below;
  Object.assign(bar.style, { left: `${x}px`, top: `${y}px` });
}

function hide() {
  bar.hidden = true;
  held = null;
}

function add() {
  if (!held) return;
  if (!codeField.value) {
    say("Choose a code first, or “the answer as a whole”.");
    codeField.focus();
    return;
  }
  const section = document.getElementById(`s-${sectionField.value}`);
  const { quote, page } = held;
  last = sectionField.value;
  const code = codeField.value === WHOLE ? "" : codeField.value;
  section.dispatchEvent(new CustomEvent("evidence", { bubbles: true, detail: { code, quote, page } }));
  const called = code && codeField.selectedOptions[0].textContent;
  document.querySelector("[data-said]").textContent = `Quote added to ${section.dataset.label}${called ? `, ${called}` : ""}.`;
  getSelection().removeAllRanges();
  hide();
  section.scrollIntoView({ block: "nearest" });
}

if (form && bar) {
  form.addEventListener("focusin", (event) => (last = event.target.closest("[data-section]")?.dataset.section ?? last));
  document.addEventListener("pointerup", () => setTimeout(show));
  document.addEventListener("keyup", (event) => event.shiftKey && !bar.contains(event.target) && show());
  document.addEventListener("selectionchange", () => {
    if (!bar.hidden && !bar.contains(document.activeElement) && !selected()) hide();
  });
  document.addEventListener("quote-selection", () => {
    show();
    if (!bar.hidden) sectionField.focus();
  });
  sectionField.addEventListener("change", offerCodes);
  codeField.addEventListener("change", () => say(""));
  searchField.addEventListener("input", narrow);
  bar.querySelector("[data-quote-add]").addEventListener("click", add);
  bar.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("select, input")) {
      event.preventDefault();
      if (event.target === searchField) take();
      else add();
    }
    if (event.key === "Escape") {
      event.preventDefault();
      hide();
      paper.focus();
    }
  });
}
