/* Settling by keyboard. j and k walk through the open sections; letters and digits choose what to settle on in the section one
   stands in; Enter settles it; n and p go to the next and the previous paper of the queue. In a field letters are letters: Esc
   leaves it. Everything listens on the document, so sections that htmx brings need nothing. */

const TYPING = "input:not([type=radio], [type=checkbox], [type=hidden]), textarea, select, [contenteditable]";

const sheets = () => [...document.querySelectorAll("[data-sheet]")];
const isOpen = (sheet) => sheet.dataset.state === "open";

/* Where the queue was narrowed, the keys go through what was asked for; the rest of the paper is there to be scrolled to. */
const askedFor = document.getElementById("comparison")?.dataset.askedFor?.trim().split(/\s+/).filter(Boolean);
const isNext = (sheet) => isOpen(sheet) && (!askedFor?.length || askedFor.includes(sheet.id));
let here = null; // id of the section that was entered last

const inside = () => document.activeElement?.closest("[data-sheet]") ?? null;
const entered = () => inside() ?? (here && document.getElementById(here));

/* What keys speak to: before any section was entered, the first open one. */
const current = () => entered() ?? sheets().find(isNext);

function enter(sheet) {
  if (!sheet) return;
  here = sheet.id;
  sheet.focus({ preventScroll: true });
  sheet.scrollIntoView({ block: "start" });
}

function step(by) {
  const all = sheets();
  const from = all.indexOf(entered());
  const rest = by > 0 ? all.slice(from + 1) : all.slice(0, Math.max(from, 0)).reverse();
  enter(rest.find(isNext) ?? (by > 0 ? all.find(isNext) : all.filter(isNext).at(-1)));
}

/* After a choice the next field that is still empty has the focus. */
function onwards(form) {
  const empty = [...form.querySelectorAll("select[name=cause], input[name=rationale]")].find((field) => !field.value);
  (empty ?? form.querySelector("[type=submit]")).focus();
}

function choose(form, radio) {
  form.closest("details")?.setAttribute("open", "");
  radio.checked = true;
  if (radio.value === "own") {
    const ticks = [...document.querySelectorAll(`[form="${form.id}"][type=checkbox]`)];
    form.querySelector("[data-own]").open = !ticks.length;
    (ticks[0] ?? form.querySelector("[data-own] :is(input, textarea)")).focus();
  } else {
    onwards(form);
  }
}

/* The cause and the reason of the last decision, in the fields that are still empty. */
function asLastTime(form) {
  const last = document.querySelector("#recent option");
  if (!last) return;
  form.closest("details")?.setAttribute("open", "");
  const { cause, rationale } = form.elements;
  if (cause && !cause.value) cause.value = last.dataset.cause;
  if (!rationale.value) rationale.value = last.value;
  form.querySelector("[type=submit]").focus();
}

/* What was just given as a reason is the first to be offered again. */
function remember(parameters) {
  const list = document.getElementById("recent");
  const rationale = parameters.get("rationale")?.trim();
  if (!list || !rationale) return;
  for (const option of [...list.options]) if (option.value === rationale) option.remove();
  const option = new Option("", rationale);
  option.dataset.cause = parameters.get("cause") ?? "";
  list.prepend(option);
}

function wayFor(form, key) {
  const radios = [...form.querySelectorAll("input[name=way]")];
  return /^[1-9]$/.test(key) ? radios[Number(key) - 1] : radios.find((radio) => radio.dataset.key === key);
}

const ELSEWHERE = { n: "a[data-next-paper]", p: "a[data-previous-paper]" };

function press(key) {
  if (key === "j") return step(1), true;
  if (key === "k") return step(-1), true;
  if (key === "?") return document.getElementById("keys")?.togglePopover(), true;
  if (ELSEWHERE[key]) return document.querySelector(ELSEWHERE[key])?.click(), true;
  const sheet = current();
  if (!sheet) return false;
  const open = (selector, field) => {
    const details = sheet.querySelector(selector);
    if (!details) return false;
    details.open = true;
    details.querySelector(field).focus();
    return true;
  };
  if (key === "r") return open("[data-discussion]", "textarea");
  if (key === "x") return open(".put-off", "input[name=note]") || (sheet.querySelector("[data-take-up]")?.click(), true);
  if (key === "z") return sheet.querySelector("[data-undo]")?.click(), true;
  const form = sheet.querySelector("form[data-settle]");
  if (key === ".") return form && asLastTime(form), true;
  if (key === "w") return form && (form.closest("details")?.setAttribute("open", ""), onwards(form)), true;
  const radio = form && wayFor(form, key);
  if (radio) choose(form, radio);
  return Boolean(radio);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const focused = document.activeElement;
  if (event.key === "Escape" && focused.matches(TYPING)) {
    enter(focused.closest("[data-sheet]"));
    return;
  }
  if (focused.matches(TYPING) || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter") {
    // On a tick, a radio button or the section itself; links and buttons do what they say.
    const form = current()?.querySelector("form[data-settle]");
    if (form && (focused.matches("input") || focused.matches("[data-sheet]"))) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (press(event.key)) event.preventDefault();
});

/* A tick is a choice of one's own. */
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form?.matches("[data-settle]") || !["codes", "absence", "text", "number", "yes_no", "none_apply"].includes(event.target.name)) return;
  const own = form.querySelector("input[name=way][value=own]");
  if (own) own.checked = true;
});

/* What was typed elsewhere in the section, or was refused, is carried over into what comes in its place. */
const carried = new Map();

document.addEventListener("htmx:beforeSwap", (event) => {
  const sheet = event.detail.target.closest?.("[data-sheet]");
  if (!sheet) return;
  const sent = event.detail.xhr.status < 300 ? event.detail.requestConfig.elt : null;
  for (const field of sheet.querySelectorAll("input:not([type=hidden], [type=radio], [type=checkbox], [type=search]), textarea")) {
    if (field.form !== sent && field.value !== field.defaultValue) carried.set(field.id, field.value);
  }
});

function giveBack() {
  for (const [id, value] of carried) {
    const field = document.getElementById(id);
    if (!field || field.value === value) continue;
    field.value = value;
    for (let outer = field.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
  }
  carried.clear();
}

/* The accent goes on to what is now the first open section. */
function accent() {
  const first = sheets().find(isNext);
  for (const sheet of sheets()) {
    sheet.querySelector("form[data-settle] > [type=submit]")?.classList.toggle("button-primary", sheet === first);
  }
  document.querySelector("a[data-next-paper]")?.classList.toggle("button-primary", !first);
}

function goOn(sheet) {
  here = sheet.id;
  if (sheets().some(isNext)) step(1);
  else (document.querySelector("a[data-next-paper]") ?? sheet).focus();
}

let focusedAtSwap = null;
document.addEventListener("htmx:afterSwap", () => {
  focusedAtSwap = document.activeElement;
});

/* Between swap and settling there is time for a key: whoever has begun to type by then goes on typing, or the rest of what
   they type would be taken for commands. */
const hasBegunToType = () => document.activeElement !== focusedAtSwap && document.activeElement.matches(TYPING);

/* What is settled makes room for the next open section; what was refused keeps the focus. One answer of the server swaps
   several things and tells of each: only the section itself counts here. Who is elsewhere by now is left there. */
document.addEventListener("htmx:afterSettle", (event) => {
  const sheet = event.detail.elt;
  if (!sheet.matches?.("[data-sheet]") || event.detail.requestConfig?.verb !== "post") return;
  giveBack();
  accent();
  const refused = sheet.querySelector("[role=alert], .field-error");
  const { path, formData } = event.detail.requestConfig;
  if (!refused && /\/settle\/(\?|$)/.test(path)) remember(formData);
  if ((inside() && inside() !== sheet) || hasBegunToType()) return;
  const isDecision = /\/(settle|defer)\/(\?|$)/.test(path);
  if (!refused && isDecision) return goOn(sheet);
  here = sheet.id;
  (sheet.querySelector("[aria-invalid=true]") ?? sheet).focus({ preventScroll: true });
});

/* Coming from the queue, the section in the address is where one stands; else the first j leads to the first open one. */
const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (named?.matches("[data-sheet]")) enter(named);
accent();
