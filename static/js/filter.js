/* A text field that narrows a list of native checkboxes, radios or any items:

     <input type="search" data-filter="#codes" aria-describedby="codes-count">
     <p class="filter-count" id="codes-count" role="status"></p>
     <div class="options" id="codes"> <div class="form-check">…</div> … </div>

   An item (.form-check, or whatever data-filter-items names) is shown when its words (its text and the data-words of anything in it:
   label, definition, synonyms) contain every word typed. Ticked items stay, so that nothing chosen is out of sight. The status named by
   aria-describedby says "2 of 27 found". Arrow down goes to the first item that fits, Escape empties the field.
   Enter does nothing in the field: it must neither send the form nor choose for the one who types. */

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const itemsOf = (field) => {
  const list = document.querySelector(field.dataset.filter);
  return list ? [...list.querySelectorAll(field.dataset.filterItems ?? ".form-check")] : [];
};

function wordsOf(item) {
  const more = [item, ...item.querySelectorAll("[data-words]")].map((part) => part.dataset.words ?? "");
  return plain([item.textContent, ...more].join(" "));
}

function fitting(field) {
  const wanted = plain(field.value).split(/\s+/).filter(Boolean);
  return itemsOf(field).filter((item) => {
    const words = wordsOf(item);
    return wanted.every((word) => words.includes(word));
  });
}

function narrow(field) {
  const items = itemsOf(field);
  const fits = new Set(fitting(field));
  for (const item of items) item.hidden = !fits.has(item) && !item.querySelector(":checked");
  const status = document.getElementById(field.getAttribute("aria-describedby")?.split(" ")[0]);
  if (status) status.textContent = field.value.trim() ? `${fits.size} of ${items.length} found` : "";
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-filter]")) narrow(event.target);
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches("[data-filter]") || event.isComposing) return;
  if (event.key === "Enter") event.preventDefault();
  if (event.key === "Escape" && field.value) {
    event.preventDefault();
    field.value = "";
    narrow(field);
  }
  if (event.key === "ArrowDown") {
    const first = fitting(field)[0]?.querySelector("input, a, button");
    if (first) {
      event.preventDefault();
      first.focus();
    }
  }
});
