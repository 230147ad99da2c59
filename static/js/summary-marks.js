/* The answers of a summary form: chosen codes repeated on top with their evidence, absences that exclude answers, undo.
   Everything stands in the fields themselves; saving reads them (summary-save.js). Events on a section:
   "fill" (detail: [[name, value] …]) puts an answer into it, "evidence" (detail: {code, quote, page}) adds a quote. Both ends, like
   each change made here, are told by a "change" event on the section. */

const form = document.querySelector("[data-summary]");
const sectionOf = (node) => node.closest("[data-section]");
const keyOf = (section) => section.dataset.section;
const fieldsOf = (section) => [...section.querySelectorAll("input[name], textarea[name]")].filter((field) => !field.disabled);
const named = (section, name) => fieldsOf(section).filter((field) => field.name === `${keyOf(section)}-${name}`);
const isTick = (field) => field.type === "checkbox" || field.type === "radio";

const pairsOf = (section) =>
  fieldsOf(section).filter((field) => !isTick(field) || field.checked).map((field) => [field.name, field.value]);

const told = (section) => section.dispatchEvent(new Event("change", { bubbles: true }));

/* ---- Marks: one item per code, in it one block of fields per quote ---- */

const listOf = (section) => section.querySelector("[data-marks]");
const optionOf = (section, code) => named(section, "codes").find((field) => field.value === String(code));
const itemOf = (section, code) => listOf(section)?.querySelector(`[data-code="${CSS.escape(code)}"]`);

function labelOf(section, code) {
  const option = optionOf(section, code)?.closest("label, .choice");
  return option?.querySelector("[data-option-label]").textContent ?? "a code that is gone";
}

const from = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/* A field by the last part of its name: "quote", "page" … as Evidence in mapping/judgement/values.py calls them, or "code". */
const partOf = (field) => field.name.split("-").at(-1);
const partsIn = (proof) => Object.fromEntries([...proof.querySelectorAll("[name]")].map((field) => [partOf(field), field.value.trim()]));

function saidIn(proof) {
  const { code, ...evidence } = partsIn(proof);
  return evidence;
}

const isEmpty = (proof) => !Object.values(saidIn(proof)).some(Boolean);

function newMark(section, code, evidence = {}) {
  const mark = from("mark-template");
  const label = labelOf(section, code);
  for (const field of mark.querySelectorAll("[name]")) {
    field.name = field.name.replace("KEY", keyOf(section));
    if (field.hasAttribute("aria-label")) field.setAttribute("aria-label", field.getAttribute("aria-label").replace("LABEL", label));
    field.value = { ...evidence, code }[partOf(field)] ?? "";
  }
  show(mark, label);
  return mark;
}

/* What is folded away says what is in it; the words on the fold say what opening it is for. */
function show(proof, label) {
  const { quote, page, rationale } = saidIn(proof);
  const shown = proof.querySelector("[data-proof]");
  shown.replaceChildren();
  if (quote) {
    const button = Object.assign(document.createElement("button"), { className: "quote-link", type: "button", textContent: `“${quote}”` });
    button.dataset.show = "";
    button.title = "Show it in the paper";
    shown.append(document.createElement("p"));
    shown.firstChild.append(button);
  }
  if (page || rationale) {
    const footer = document.createElement("footer");
    for (const part of [page && `p. ${page}`, rationale && `why: ${rationale}`].filter(Boolean)) {
      footer.append(Object.assign(document.createElement("span"), { textContent: part }));
    }
    shown.append(footer);
  }
  if (label === undefined) return;
  const summary = proof.querySelector("summary");
  const isFurther = proof.previousElementSibling?.matches("[data-mark]");
  const word = !isEmpty(proof) ? "edit" : isFurther ? "another quote" : "add quote and page";
  const hidden = Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: ` for ${label}` });
  summary.replaceChildren(word, hidden);
}

function addItem(section, code) {
  const item = from("marked-template");
  const label = labelOf(section, code);
  item.dataset.code = code;
  item.querySelector("[data-chip-label]").textContent = label;
  item.querySelector("[data-remove]").setAttribute("aria-label", `Remove ${label}`);
  listOf(section).append(item);
  return item;
}

/* Where the last block is used, an empty one follows. */
function keepOneFree(item) {
  const marks = [...item.querySelectorAll("[data-mark]")];
  if (!marks.length || isEmpty(marks.at(-1))) return;
  const free = newMark(sectionOf(item), item.dataset.code);
  item.append(free);
  show(free, labelOf(sectionOf(item), item.dataset.code));
}

function choose(section, code, evidence) {
  if (!listOf(section)) return null;
  const item = itemOf(section, code) ?? addItem(section, code);
  const free = [...item.querySelectorAll("[data-mark]")].find(isEmpty);
  if (evidence || !item.querySelector("[data-mark]")) {
    const mark = newMark(section, code, evidence);
    free ? free.replaceWith(mark) : item.append(mark);
    show(mark, labelOf(section, code));
  }
  keepOneFree(item);
  return item;
}

/* ---- Filling in, undo ---- */

const before = new WeakMap();
const remember = (section) => before.set(section, pairsOf(section));
const undone = [];

/* Fields of the same name, lined up by their order: one mark each. */
function marksIn(key, pairs) {
  const marks = [];
  const counted = {};
  for (const [name, value] of pairs.filter(([given]) => given.startsWith(`${key}-mark-`))) {
    const part = name.slice(`${key}-mark-`.length);
    const place = (counted[part] = (counted[part] ?? -1) + 1);
    (marks[place] ??= {})[part] = value;
  }
  return marks;
}

function fill(section, pairs) {
  const key = keyOf(section);
  const valuesOf = (name) => pairs.filter(([given]) => given === `${key}-${name}`).map(([, value]) => value);
  for (const field of fieldsOf(section)) {
    const name = field.name.slice(key.length + 1);
    if (["version", "kept", "seen"].includes(name) || name.startsWith("mark-")) continue;
    const values = valuesOf(name);
    if (isTick(field)) field.checked = values.includes(field.value) || (!values.length && field.type === "radio" && !field.value);
    else if (field.value !== (values[0] ?? "")) field.value = values[0] ?? "";
  }
  if (listOf(section)) {
    listOf(section).replaceChildren();
    const chosen = valuesOf("codes").filter(Boolean);
    for (const { code, ...evidence } of marksIn(key, pairs)) {
      if (chosen.includes(code) && Object.values(evidence).some(Boolean)) choose(section, code, evidence);
    }
    for (const code of chosen) if (!itemOf(section, code)) choose(section, code);
  }
  for (const proof of section.querySelectorAll("[data-proof-answer]")) show(proof);
  remember(section);
}

function offerUndo(section, text) {
  undone.push([section, before.get(section)]);
  const toast = document.querySelector("[data-undo]");
  toast.querySelector("[data-undo-text]").textContent = text;
  toast.hidden = false;
}

function undo() {
  const [section, pairs] = undone.pop() ?? [];
  if (!section) return;
  fill(section, pairs);
  told(section);
  const toast = document.querySelector("[data-undo]");
  toast.querySelector("[data-undo-text]").textContent = undone.length ? "Taken back. One more before that." : "";
  toast.hidden = !undone.length;
  section.focus();
}

/* ---- What a change brings with it ---- */

function unchoose(section, code) {
  const item = itemOf(section, code);
  if (item && [...item.querySelectorAll("[data-mark]")].some((mark) => !isEmpty(mark))) {
    offerUndo(section, `${labelOf(section, code)} is removed, with its evidence.`);
  }
  item?.remove();
}

function setAbsence(section, value) {
  for (const field of named(section, "absence")) field.checked = field.value === value;
}

function onCodes(section, field) {
  if (field.type === "radio") for (const other of listOf(section).querySelectorAll("[data-code]")) if (other.dataset.code !== field.value) unchoose(section, other.dataset.code);
  if (field.checked && field.value) {
    choose(section, field.value);
    setAbsence(section, "");
  } else if (field.value) unchoose(section, field.value);
}

const isAnswer = (field) => /-(codes|text|number|yes_no)$/.test(field.name) && (isTick(field) ? field.checked && field.value : field.value.trim());

function onAbsence(section, field) {
  if (!field.value) return;
  const answers = fieldsOf(section).filter(isAnswer);
  if (!answers.length) return;
  offerUndo(section, `${section.dataset.label}: the answer gave way to “${field.closest("label").textContent.trim()}”.`);
  for (const answer of answers) {
    if (isTick(answer)) answer.checked = false;
    else answer.value = "";
  }
  for (const blank of fieldsOf(section)) if (blank.type === "radio" && !blank.value && blank !== field && !blank.name.endsWith("-absence") && !blank.name.endsWith("-confidence")) blank.checked = true;
  listOf(section)?.replaceChildren();
}

/* Before the other listeners, so that what is saved is what stands here in the end. */
form?.addEventListener(
  "change",
  (event) => {
    const section = sectionOf(event.target);
    if (!section || event.target === section || !event.target.name) return;
    if (event.target.name === `${keyOf(section)}-codes`) onCodes(section, event.target);
    else if (event.target.name === `${keyOf(section)}-absence`) onAbsence(section, event.target);
    else if (isAnswer(event.target)) setAbsence(section, "");
    remember(section);
  },
  true,
);

form?.addEventListener(
  "input",
  (event) => {
    const section = sectionOf(event.target);
    if (!section || isTick(event.target) || !event.target.name) return;
    if (isAnswer(event.target)) setAbsence(section, "");
    const item = event.target.closest("[data-code]");
    if (item) keepOneFree(item);
    remember(section);
  },
  true,
);

form?.addEventListener("focusout", (event) => {
  const proof = event.target.closest("[data-mark], [data-proof-answer]");
  if (!proof || proof.contains(event.relatedTarget)) return;
  const code = proof.closest("[data-code]")?.dataset.code;
  show(proof, code && labelOf(sectionOf(proof), code));
});

function remove(button) {
  const section = sectionOf(button);
  const item = button.closest("[data-code]");
  const option = optionOf(section, item.dataset.code);
  const label = labelOf(section, item.dataset.code);
  if (option) option.checked = false;
  if (option?.type === "radio") named(section, "codes").find((field) => !field.value).checked = true;
  const next = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  offerUndo(section, `${label} is removed.`);
  remember(section);
  told(section);
  // The focus stays among the chips, or goes where codes are chosen.
  (next?.querySelector("[data-remove]") ?? section.querySelector("[data-filter]") ?? section).focus();
}

function removeWhole(proof) {
  const section = sectionOf(proof);
  if (isEmpty(proof)) return;
  offerUndo(section, "The evidence is removed.");
  for (const field of proof.querySelectorAll("textarea, input")) field.value = "";
  show(proof);
  remember(section);
  told(section);
  proof.querySelector("summary").focus();
}

function removeMark(button) {
  const section = sectionOf(button);
  const mark = button.closest("[data-mark]");
  if (!mark) return removeWhole(button.closest("[data-proof-answer]"));
  const item = mark.closest("[data-code]");
  if (isEmpty(mark)) return null;
  offerUndo(section, "The evidence is removed.");
  mark.remove();
  const { code } = item.dataset;
  if (!item.querySelector("[data-mark]")) choose(section, code);
  for (const rest of item.querySelectorAll("[data-mark]")) show(rest, labelOf(section, code));
  remember(section);
  told(section);
  return item.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest(selector);
  if (on("[data-remove]")) remove(on("[data-remove]"));
  else if (on("[data-remove-mark]")) removeMark(on("[data-remove-mark]"));
  else if (on("[data-undo] button")) undo();
  else if (on("[data-show]")) {
    const { quote, page } = saidIn(on("[data-mark], [data-proof-answer]"));
    document.dispatchEvent(new CustomEvent("show-quote", { detail: { quote, page } }));
  }
});

/* A reason that is chosen already is taken back by choosing it again; without script there is "none of these". */
form?.addEventListener("click", (event) => {
  const radio = event.target;
  const section = sectionOf(radio);
  if (!section || radio.name !== `${keyOf(section)}-absence` || !radio.value) return;
  const was = before.get(section).find(([name]) => name === radio.name)?.[1];
  if (was !== radio.value) return;
  setAbsence(section, "");
  remember(section);
  told(section);
});

document.addEventListener("undo", undo);
document.addEventListener("fill", (event) => fill(event.target, event.detail));

document.addEventListener("evidence", (event) => {
  const section = event.target;
  const { code, quote, page } = event.detail;
  if (code) {
    const option = optionOf(section, code);
    if (!option.checked) {
      option.checked = true;
      option.dispatchEvent(new Event("change", { bubbles: true }));
    }
    choose(section, code, { quote, page });
  } else {
    const [quoteField, pageField] = ["quote", "page"].map((name) => named(section, name)[0]);
    // A second quote joins the first: both words, both pages.
    quoteField.value = [quoteField.value, quote].filter(Boolean).join("\n");
    pageField.value = [...new Set([pageField.value, page].filter(Boolean))].join(", ").slice(0, 40);
    show(section.querySelector("[data-proof-answer]"));
  }
  remember(section);
  told(section);
});

/* What this reviewer chooses often and chose lately stands first. */
for (const [key, codes] of Object.entries(JSON.parse(document.getElementById("often-used")?.textContent ?? "{}"))) {
  const list = document.getElementById(`${key}-options`);
  for (const code of list ? codes.toReversed() : []) {
    const item = document.getElementById(`${key}-c${code}`)?.closest(".choice");
    if (!item) continue;
    item.dataset.often = "";
    list.prepend(item);
  }
}

for (const section of form?.querySelectorAll("[data-section]") ?? []) remember(section);
