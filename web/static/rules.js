// After a switch the page stays where it was: the rule that was pressed is put at the height that it had.
const KEPT = "rules-place";

document.addEventListener("submit", (event) => {
  const place = event.target.closest("[id^='at-']");
  if (!place || event.target.method !== "post") return;
  try { sessionStorage.setItem(KEPT, JSON.stringify([place.id, place.getBoundingClientRect().top])); } catch { /* the anchor is enough */ }
});

addEventListener("load", () => {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(KEPT)); sessionStorage.removeItem(KEPT); } catch { return; }
  const place = kept && document.getElementById(kept[0]);
  if (place && location.hash === `#${kept[0]}`) scrollBy({ top: place.getBoundingClientRect().top - kept[1], behavior: "instant" });
});
