/* Walking through a table by keyboard. In <table data-row-keys>, j and k (or the arrows, once inside) move the focus from one
   row's first link to the next; Enter then opens it, because it is a link. "/" goes to the search field above the table.
   Everything listens on the document, so tables that htmx brings later need nothing. */

const TYPING = "input, textarea, select, [contenteditable]";

const rowLinks = (table) =>
  [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => row.querySelector("a[href]")).filter(Boolean);

function step(table, by) {
  const links = rowLinks(table);
  if (!links.length) return;
  const row = document.activeElement.closest("tr");
  const here = links.findIndex((link) => link.closest("tr") === row);
  const next = here < 0 ? 0 : Math.min(Math.max(here + by, 0), links.length - 1);
  links[next].focus();
  links[next].closest("tr").scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const focused = document.activeElement;
  if (focused.matches(TYPING) || document.querySelector("dialog[open]")) return;

  if (event.key === "/") {
    const search = document.querySelector(".table-tools [type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    return;
  }

  const inside = focused.closest("table[data-row-keys]");
  const table = inside ?? document.querySelector("table[data-row-keys]");
  if (!table) return;
  // Outside of a table the arrows scroll the page, and should go on doing so.
  const by = { j: 1, k: -1, ...(inside && { ArrowDown: 1, ArrowUp: -1 }) }[event.key];
  if (by) {
    event.preventDefault();
    step(table, by);
  }
});
