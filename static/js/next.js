/* Enter opens the next paper while nothing else has the focus: <a href data-enter>. */

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (document.activeElement !== document.body || document.querySelector("dialog[open]")) return;
  document.querySelector("a[data-enter]")?.click();
});
