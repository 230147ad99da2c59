/* How far the summary is: "11 of 14 answered · missing: Benefits, Tools", kept true while one answers. */

const form = document.querySelector("[data-summary]");

function isAnswered(section) {
  return [...section.querySelectorAll("input[name], textarea[name]")].some((field) => {
    const name = field.name.slice(section.dataset.section.length + 1);
    if (!["codes", "absence", "text", "number", "yes_no"].includes(name)) return false;
    return ["radio", "checkbox"].includes(field.type) ? field.checked && field.value : field.value.trim();
  });
}

const countIn = (part) => [...part.querySelectorAll("[data-section]")].filter(isAnswered).length;

function tell() {
  for (const question of form.querySelectorAll("[data-question]")) question.querySelector("[data-answered]").textContent = countIn(question);
  form.querySelector("[data-answered-all]").textContent = countIn(form);
  const missing = [...form.querySelectorAll("[data-section][data-required]")].filter((section) => !isAnswered(section));
  const links = missing.flatMap((section, place) => {
    const link = Object.assign(document.createElement("a"), { href: `#${section.id}`, textContent: section.dataset.label });
    return place ? [", ", link] : [" · missing: ", link];
  });
  form.querySelector("[data-missing]").replaceChildren(...links);
}

form?.addEventListener("change", tell);
form?.addEventListener("input", tell);
document.addEventListener("fill", () => setTimeout(tell));
if (form) tell();
