/* Ctrl+Enter submits what is reviewed, Escape goes back to the form. Where nothing is missing, Enter submits too: the button has the
   focus, and the page still begins at its top. */

document.querySelector("[data-next-act]")?.focus({ preventScroll: true });

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) document.querySelector("#review form")?.requestSubmit();
  if (event.key === "Escape") document.querySelector("[data-back]")?.click();
});
