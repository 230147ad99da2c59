/* Buttons that copy: <button type="button" class="button" data-copy="the text">Copy</button>, or data-copy-from="#id" for the text
   (or the value) of another element. The button says "Copied" for a moment; it is its own live region. */

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without https a browser has no clipboard object; a selected field still works there.
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("copy refused");
}

function say(button, word) {
  button.dataset.label ??= button.textContent;
  button.setAttribute("aria-live", "polite");
  button.textContent = word;
  setTimeout(() => (button.textContent = button.dataset.label), 2000);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const source = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
  const text = source ? (source.value ?? source.textContent).trim() : button.dataset.copy;
  try {
    await copy(text);
    say(button, "Copied");
    button.focus();
  } catch {
    say(button, "Not copied: select it by hand");
  }
});
