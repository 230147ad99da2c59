/* Files on their way: a form with data-upload="Reading" says what is being done, to how much, since when, and is sent once.

     <form data-upload="Reading"> … <input type="file"> … <p role="status" data-upload-status></p> </form>

   Without script the browser shows that it is waiting, and the server counts on its own that nothing is taken twice. */

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/* How many references a chosen file holds, by its entry starts: counted here, before it is sent. */
const ENTRY = /^[ \t]*(?:@(?!comment|string|preamble)\w+\s*[{(]|TY {2}-)/gim;
const counted = new WeakMap();

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-upload] input[type=file]")) return;
  for (const file of event.target.files) {
    if (/\.(bib|bibtex|ris|txt)$/i.test(file.name) && file.size < 6e7) {
      file.text().then((text) => counted.set(file, text.match(ENTRY)?.length ?? 0));
    }
  }
});

function described(file) {
  const entries = counted.get(file);
  return `${file.name} (${size(file.size)}${entries ? `, ${entries.toLocaleString("en")} entries` : ""})`;
}

function doing(form) {
  const files = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
  return [form.dataset.upload, files.map(described).join(", ")].filter(Boolean).join(" ");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-upload]")) return;
  const buttons = [...form.querySelectorAll("[type=submit]")];
  if (buttons.some((button) => button.disabled)) {
    event.preventDefault();
    return;
  }
  const status = form.querySelector("[data-upload-status]");
  const began = Date.now();
  const what = doing(form);
  const tell = () => {
    status.textContent = `${what} … ${Math.round((Date.now() - began) / 1000)} s`;
  };
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", form.dataset.upload);
  status.after(bar);
  tell();
  form.uploadTimer = setInterval(tell, 1000);
  // After this event, so that the button that was pressed still takes part in what is sent.
  setTimeout(() => {
    for (const button of buttons) button.disabled = true;
  });
});

/* Coming back with the browser's own button brings the page as it was left. */
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("[data-upload]")) {
    clearInterval(form.uploadTimer);
    for (const button of form.querySelectorAll("[type=submit]")) button.disabled = false;
    form.querySelector("[data-upload-status]").textContent = "";
    form.querySelector("progress")?.remove();
  }
});
