// «Состояние» keeps itself fresh while somebody looks at it, and never under their hands.
const EVERY = 20000, ALONE = 3600000; // milliseconds
const place = document.querySelector("[data-fresh]");
const box = document.querySelector("[data-fresh-box]");
let touched = Date.now();
for (const kind of ["pointermove", "keydown"]) addEventListener(kind, () => { touched = Date.now(); });

// What moves by itself is not for those who asked for less motion; they may still ask for it.
box.checked = !matchMedia("(prefers-reduced-motion: reduce)").matches;
box.parentElement.hidden = false;

const busy = () => document.hidden || Date.now() - touched > ALONE || place.contains(document.activeElement)
  || place.querySelector("details[open]") || !getSelection().isCollapsed;

const refresh = async () => {
  if (!box.checked || busy()) return;
  try {
    const answer = await fetch(place.dataset.fresh, { redirect: "error" });
    const text = await answer.text();
    if (answer.ok && box.checked && !busy()) place.innerHTML = text; // rendered and escaped by our own server
    place.classList.toggle("stale", !answer.ok);
  } catch {
    place.classList.add("stale");
  }
};
setInterval(refresh, EVERY);
box.addEventListener("change", refresh);
