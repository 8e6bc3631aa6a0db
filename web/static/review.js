// Dry runs of the chosen dead letters, one after the other, in the order in which they would run.
(async () => {
  const review = document.querySelector("[data-review]");
  if (!review) return;
  const progress = review.querySelector("progress");
  const places = [...document.querySelectorAll("[data-dry-run]")];
  const tell = () => {
    const { words } = review.dataset;
    review.querySelector("[role=status]").textContent = words.replace("{done}", progress.value).replace("{all}", places.length);
  };
  tell();
  for (const place of places) {
    const form = new URLSearchParams({ csrf_token: review.dataset.token });
    try {
      const answer = await fetch(place.dataset.dryRun, { method: "POST", body: form, redirect: "error" });
      if (!answer.ok) throw new Error(answer.status);
      place.innerHTML = await answer.text(); // rendered and escaped by our own server
    } catch {
      place.textContent = review.dataset.failed;
    }
    progress.value += 1;
    tell();
  }
})();
