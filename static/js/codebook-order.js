/* Codes are ordered by dragging a row onto one of its siblings: it then stands before that one. The buttons beside it do the
   same without a mouse and without script. */

let dragged = null;

const rowOf = (event) => event.target.closest?.("tr[data-order]");
const fits = (row) => row && dragged && row !== dragged && row.dataset.siblings === dragged.dataset.siblings;

for (const row of document.querySelectorAll("tr[data-order]")) row.draggable = true;

document.addEventListener("dragstart", (event) => {
  dragged = rowOf(event);
  if (dragged) event.dataTransfer.effectAllowed = "move";
});

document.addEventListener("dragover", (event) => {
  const row = rowOf(event);
  for (const other of document.querySelectorAll("tr.is-over")) other.classList.remove("is-over");
  if (!fits(row)) return;
  event.preventDefault();
  row.classList.add("is-over");
});

document.addEventListener("dragend", () => {
  dragged = null;
  for (const row of document.querySelectorAll("tr.is-over")) row.classList.remove("is-over");
});

document.addEventListener("drop", (event) => {
  const row = rowOf(event);
  if (!fits(row)) return;
  event.preventDefault();
  const form = document.getElementById("order");
  form.action = dragged.dataset.order;
  const before = document.createElement("input");
  before.type = "hidden";
  before.name = "before";
  before.value = row.dataset.code;
  form.append(before);
  form.submit();
});
