/* A session that ends under an open page: the sign-in comes to the page, and everything typed stays where it is.
   htmx answers of 401 open it by themselves; a script of its own sends document the event "signed-out". Afterwards the server's
   event "signed-in" reaches document too: then the tokens are fresh, and whoever kept something back can send it. */

const dialog = () => document.querySelector("#sign-in-again");

function ask() {
  if (!dialog() || dialog().open) return;
  htmx.ajax("GET", dialog().dataset.url, { target: "#sign-in", swap: "outerHTML" });
  dialog().showModal();
}

function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

// Signing in changes the token that every form of the page was made with.
function refreshTokens() {
  const token = cookie("csrftoken");
  if (!token) return;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
}

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) ask();
});
document.addEventListener("signed-out", ask);
// Signing in in another tab changes the token too: what is sent takes the one of now.
document.addEventListener("submit", refreshTokens, true);
// Capturing: before any other listener sends what it kept.
document.addEventListener(
  "signed-in",
  () => {
    refreshTokens();
    dialog()?.close();
  },
  true,
);
