/* Codes are ordered by dragging a row onto one of its siblings: onto its upper half to stand before it, onto its lower half
   to stand after it. The buttons beside it do the same without a mouse and without script, Alt with the arrows presses them
   from anywhere in the row; the page that comes back has the focus where it was. */

const PRESSED = "codebook-order";
let dragged = null;

const rowOf = (event) => event.target.closest?.("tr[data-order]");
const fits = (row) => row && dragged && row !== dragged && row.dataset.siblings === dragged.dataset.siblings;
const form = () => document.getElementById("order");
const button = (row, act) => row?.querySelector(`.order button[value="${act}"]`);

function sideOf(event, row) {
  const { top, height } = row.getBoundingClientRect();
  return event.clientY > top + height / 2 ? "after" : "before";
}

function unmark() {
  for (const row of document.querySelectorAll("tr.is-over, tr.is-under")) row.classList.remove("is-over", "is-under");
}

for (const row of document.querySelectorAll("tr[data-order]")) row.draggable = true;

document.addEventListener("dragstart", (event) => {
  dragged = rowOf(event);
  if (dragged) event.dataTransfer.effectAllowed = "move";
});

document.addEventListener("dragover", (event) => {
  const row = rowOf(event);
  unmark();
  if (!fits(row)) return;
  event.preventDefault();
  const side = sideOf(event, row) === "after" ? "under" : "over";
  row.classList.add(`is-${side}`);
});

document.addEventListener("dragend", () => {
  dragged = null;
  unmark();
});

document.addEventListener("drop", (event) => {
  const row = rowOf(event);
  if (!fits(row)) return;
  event.preventDefault();
  const beside = document.createElement("input");
  beside.type = "hidden";
  beside.name = sideOf(event, row);
  beside.value = row.dataset.code;
  form().action = dragged.dataset.order;
  form().append(beside);
  form().submit();
});

document.addEventListener("keydown", (event) => {
  const act = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  if (!act || !event.altKey || event.ctrlKey || event.metaKey) return;
  const pressed = button(rowOf(event), act);
  if (!pressed) return;
  event.preventDefault();
  pressed.click();
});

form()?.addEventListener("submit", (event) => {
  if (event.submitter?.getAttribute("aria-disabled") === "true") event.preventDefault();
  else sessionStorage.setItem(PRESSED, event.submitter?.value ?? "");
});

/* Going to the row of the address takes the focus away: it is given back once the page stands. */
function focusAgain() {
  const pressed = sessionStorage.getItem(PRESSED);
  sessionStorage.removeItem(PRESSED);
  const row = location.hash.startsWith("#code-") && document.getElementById(location.hash.slice(1));
  if (pressed && row) button(row, pressed)?.focus({ preventScroll: true });
}

if (document.readyState === "complete") focusAgain();
else addEventListener("load", focusAgain);
