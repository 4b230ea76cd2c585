// The buttons that unfold the navigation have a name; pictures open in full, to be read on a telephone.
document.addEventListener("DOMContentLoaded", () => {
  for (const image of document.querySelectorAll(".bd-article img:not(a img, .sphx-glr-thumbnails img)")) {
    const link = document.createElement("a");
    link.href = image.src;
    image.replaceWith(link);
    link.append(image);
  }
  for (const toggle of document.querySelectorAll(".toctree-toggle")) {
    const link = toggle.closest("li")?.querySelector("a");
    toggle.parentElement.setAttribute("aria-label", `Pages below ${link?.textContent.trim()}`);
  }
});
