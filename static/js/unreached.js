/* A button or filter whose answer never came, or came as a failure: the page says so, and stays as it is. */

const words = "That did not reach the server, or its database is away for a moment. What stands on this page stays; try again in a few seconds.";

function say() {
  const place = document.getElementById("messages");
  if (!place || place.querySelector("[data-unreached]")) return;
  const alert = Object.assign(document.createElement("p"), { className: "notice notice-warning", textContent: words });
  alert.dataset.unreached = "";
  alert.setAttribute("role", "alert");
  place.append(alert);
}

document.addEventListener("htmx:sendError", say);
document.addEventListener("htmx:responseError", (event) => event.detail.xhr.status >= 500 && say());
document.addEventListener("htmx:afterSwap", () => document.querySelector("[data-unreached]")?.remove());
