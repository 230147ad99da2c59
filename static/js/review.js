/* Ctrl+Enter submits what is reviewed, Escape goes back to the form. */

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) document.querySelector("#review form")?.requestSubmit();
  if (event.key === "Escape") document.querySelector("[data-back]")?.click();
});
