/* A text field that narrows a list of native checkboxes or radios, the best hits first (code-search.js says which are):

     <input type="search" data-filter="#codes" aria-describedby="codes-count">
     <p class="filter-count" id="codes-count" role="status"></p>
     <div class="options" id="codes"> <div class="choice">…</div> … </div>

   An item's label (items with data-unsearched are left as they are) is its [data-option-label], else its <label>; its definition stands in .definition or data-definition. Ticked items
   stay, so that nothing chosen is out of sight. The status named by aria-describedby says "2 of 27 found".
   Enter takes what cannot be another code, else it goes to the first hit; arrow down goes there at once, and on from hit to hit.
   What is ticked already stays ticked, and the status says so. Escape empties the field. */

const listOf = (field) => document.querySelector(field.dataset.filter);
const itemsOf = (list) => [...list.querySelectorAll(".choice:not([data-unsearched])")];
const inputOf = (item) => item.querySelector("input");
const fieldOf = (input) => {
  const list = input.closest("[id]:has(.choice)");
  return list && document.querySelector(`[data-filter="#${CSS.escape(list.id)}"]`);
};

const labelOf = (item) => (item.querySelector("[data-option-label]") ?? item.querySelector("label")).textContent.trim();
const definitionOf = (item) => item.querySelector(".definition")?.textContent ?? item.dataset.definition ?? "";

function say(field, words) {
  const status = document.getElementById(field.getAttribute("aria-describedby")?.split(" ")[0]);
  if (status) status.textContent = words;
}

/* The items in the order that they have without a search; what was added meanwhile keeps the place where it was put. */
const places = new WeakMap();

function inOrder(list) {
  const items = itemsOf(list);
  const known = places.get(list) ?? [];
  const fresh = items.filter((item) => !known.includes(item));
  const ordered = known.length ? [...fresh, ...known.filter((item) => items.includes(item))] : items;
  places.set(list, ordered);
  return ordered;
}

function search(field) {
  const items = inOrder(listOf(field));
  const codes = items.map((item) => ({ label: labelOf(item), definition: definitionOf(item) }));
  const detail = { typed: field.value, codes };
  document.dispatchEvent(new CustomEvent("rank-codes", { detail }));
  return { items, found: detail.found.map((place) => items[place]), sure: items[detail.sure] ?? null };
}

function narrow(field) {
  const { items, found } = search(field);
  const isAsked = Boolean(field.value.trim());
  const rest = items.filter((item) => !found.includes(item));
  const list = listOf(field);
  const last = itemsOf(list).at(-1)?.nextSibling ?? null;
  for (const item of isAsked ? [...found, ...rest] : items) {
    item.hidden = isAsked && !found.includes(item) && !inputOf(item).checked;
    list.insertBefore(item, last);
  }
  list.scrollTop = 0;
  say(field, isAsked ? `${found.length} of ${items.length} found` : "");
}

/* A hit that was ticked before one came to it from the search: the first press leaves it so. */
let kept = null;

function goTo(item) {
  const input = item && inputOf(item);
  if (!input) return;
  kept = input.checked ? input : null;
  input.focus();
}

const isChosen = (field, item) => say(field, `“${labelOf(item)}” is chosen already, and stays so.`);

function take(field) {
  if (!field.value.trim()) return;
  const { found, sure } = search(field);
  if (!sure) {
    if (found.length) goTo(found[0]);
    say(field, found.length ? `${found.length} found: Space chooses, the arrows go on.` : "No code has these words.");
    return;
  }
  const input = inputOf(sure);
  const wasChosen = input.checked;
  if (!wasChosen) input.click();
  field.value = "";
  narrow(field);
  field.focus();
  if (wasChosen) isChosen(field, sure);
  else say(field, `“${labelOf(sure)}” is chosen.`);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-filter]")) narrow(event.target);
});

function onField(event) {
  const field = event.target;
  if (event.key === "Enter") {
    event.preventDefault();
    take(field);
  } else if (event.key === "Escape" && field.value) {
    event.preventDefault();
    field.value = "";
    narrow(field);
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    goTo(search(field).found[0]);
  }
}

/* A second Enter on a hit is no choice, and sends no form; where one settles, it does once the hit is ticked. */
function onEnter(event, field) {
  const input = event.target;
  if (!field.value.trim() || (input.checked && input.form?.matches("[data-settle]"))) return;
  event.preventDefault();
  if (input.checked) isChosen(field, input.closest(".choice"));
  else say(field, "Space chooses it.");
}

/* Radios have arrows of their own. */
function onArrow(event, field) {
  const shown = itemsOf(listOf(field)).filter((item) => !item.hidden);
  const here = shown.indexOf(event.target.closest(".choice"));
  event.preventDefault();
  if (event.key === "ArrowUp" && here === 0) field.focus();
  else goTo(shown[here + (event.key === "ArrowDown" ? 1 : -1)]);
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("[data-filter]")) return onField(event);
  if (!event.target.matches("input[type=checkbox], input[type=radio]")) return;
  const field = fieldOf(event.target);
  if (!field) return;
  if (event.key === "Enter") onEnter(event, field);
  else if (event.target.type === "checkbox" && ["ArrowDown", "ArrowUp"].includes(event.key)) onArrow(event, field);
});

document.addEventListener("focusin", (event) => (kept = event.target === kept ? kept : null));

document.addEventListener(
  "click",
  (event) => {
    const guarded = kept;
    kept = null;
    // A mouse says what it means; `detail` counts its clicks.
    if (!guarded || event.target !== guarded || event.detail) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    isChosen(fieldOf(guarded), guarded.closest(".choice"));
  },
  true,
);
