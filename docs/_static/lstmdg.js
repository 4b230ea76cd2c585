// The buttons that unfold the navigation have a name.
document.addEventListener("DOMContentLoaded", () => {
  for (const toggle of document.querySelectorAll(".toctree-toggle")) {
    const link = toggle.closest("li")?.querySelector("a");
    toggle.parentElement.setAttribute("aria-label", `Pages below ${link?.textContent.trim()}`);
  }
});
