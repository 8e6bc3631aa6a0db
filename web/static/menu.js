// Menus that drop down close when one looks elsewhere; `/` and Ctrl+K open the field that finds everything.
for (const menu of document.querySelectorAll("details.drop")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

const palette = document.querySelector("[data-palette]");
const field = palette.querySelector("input");
const lines = [...palette.querySelectorAll("li")];
const shown = () => lines.filter((line) => !line.hidden).map((line) => line.querySelector("a"));
const open = () => {
  field.value = "";
  lines.forEach((line) => { line.hidden = false; });
  palette.showModal();
  field.focus();
};

document.querySelector("[data-palette-opens]").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;  // a tab of its own
  event.preventDefault();
  open();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  const wanted = slash || (event.code === "KeyK" && (event.ctrlKey || event.metaKey) && !event.altKey);
  if (!wanted || palette.open || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  open();
});
field.addEventListener("input", () => {
  const wanted = field.value.trim().toLowerCase();
  lines.forEach((line) => { line.hidden = !line.textContent.toLowerCase().includes(wanted); });
});
palette.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const stops = [field, ...shown()];
  event.preventDefault();
  stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
});
palette.addEventListener("click", (event) => { if (event.target === palette) palette.close(); });  // beside it
