/* "Propose a code" beside the form: a dialog, near codes while one types, and the new code chosen at once. Without script the
   button saves the draft and leads to a page that does the same. */

const form = document.querySelector("[data-summary]");
const dialog = document.getElementById("propose-dialog");
const own = dialog?.querySelector("[data-propose-form]");
let section = null;
let timer = 0;

function open(link) {
  // What was typed and left with Escape is still there, in its section.
  if (section !== link.closest("[data-section]")) own.reset();
  section = link.closest("[data-section]");
  own.querySelector("[data-propose-problem]").hidden = true;
  dialog.querySelector("[data-near-codes]").replaceChildren();
  dialog.querySelector("[data-propose-section]").textContent = section.dataset.label;
  own.elements.label.value ||= section.querySelector("[data-filter]")?.value ?? "";
  dialog.showModal();
  if (own.elements.label.value) near();
}

async function near() {
  const asked = new URLSearchParams({ section: section.dataset.section, label: own.elements.label.value });
  const response = await fetch(`${form.dataset.nearUrl}?${asked}`).catch(() => null);
  if (!response?.ok || asked.get("label") !== own.elements.label.value) return;
  const found = new DOMParser().parseFromString(await response.text(), "text/html");
  dialog.querySelector("[data-near-codes]").replaceChildren(...found.body.children);
}

function complain(words) {
  const place = own.querySelector("[data-propose-problem]");
  place.textContent = words;
  place.hidden = false;
}

async function propose() {
  const body = new URLSearchParams(new FormData(own));
  body.append("section", section.dataset.section);
  body.append("assignment", form.dataset.assignment);
  const headers = { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const response = await fetch(form.dataset.proposeUrl, { method: "POST", body, headers }).catch(() => null);
  if (response?.status === 401) return document.dispatchEvent(new Event("signed-out"));
  const said = await response?.json().catch(() => null);
  if (response?.status === 201) return chosen(said);
  return complain(said?.errors ? Object.values(said.errors).flat().join(" ") : "That did not reach the server. What you typed is still here: try again.");
}

function chosen(code) {
  const item = document.getElementById("option-template").content.firstElementChild.cloneNode(true);
  const key = section.dataset.section;
  const input = item.querySelector("input");
  Object.assign(input, { type: section.dataset.kind === "codes" ? "checkbox" : "radio", name: `${key}-codes`, value: code.pk, id: `${key}-c${code.pk}` });
  item.querySelector("label").htmlFor = input.id;
  item.querySelector("[data-option-label]").textContent = code.label;
  item.querySelector(".definition").textContent = code.definition;
  section.querySelector(".options").prepend(item);
  section.querySelector(".options > p")?.remove();
  dialog.close();
  own.reset();
  input.checked = true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  input.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-propose]");
  if (!link || event.ctrlKey || event.metaKey || event.button) return;
  event.preventDefault();
  open(link);
});

own?.addEventListener("submit", (event) => {
  event.preventDefault();
  propose();
});
own?.elements.label.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(near, 250);
});
