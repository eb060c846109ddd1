// Saves the form every ten seconds where something changed, and refreshes pages that wait. Each page works without it.
"use strict";
(() => {
  const form = document.querySelector("form[data-autosave]");
  const status = document.getElementById("saved");
  if (form && status) {
    const content = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
    let kept = content().toString();
    let busy = false;
    const show = (text, lost) => {
      if (status.textContent !== text) status.textContent = text;
      status.classList.toggle("nk-saved--lost", lost);
    };
    const save = async () => {
      const body = content();
      if (busy || body.toString() === kept) return;
      busy = true;
      try {
        const response = await fetch(form.dataset.autosave, { method: "POST", body, redirect: "error", cache: "no-store" });
        const isSaid = (response.headers.get("content-type") || "").startsWith("text/plain");
        show(isSaid ? await response.text() : form.dataset.lost, !response.ok);
        if (response.ok) kept = body.toString();
      } catch {
        show(form.dataset.lost, true);
      }
      busy = false;
    };
    setInterval(save, 10000);
    window.addEventListener("online", save);
    form.addEventListener("submit", () => { busy = navigator.onLine; });
  }

  const sent = document.querySelector("form[data-lost]");
  if (sent && status) {
    sent.addEventListener("submit", (event) => {
      if (navigator.onLine) return;
      event.preventDefault();
      status.textContent = sent.dataset.lost;
      status.classList.add("nk-saved--lost");
      status.scrollIntoView();
    });
  }

  const waiting = document.querySelector("main[data-refresh]");
  if (waiting) {
    const look = async () => {
      try {
        const response = await fetch(location.href, { cache: "no-store", redirect: "follow" });
        if (response.redirected) return location.replace(response.url);
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        const fresh = page.querySelector("main");
        if (fresh && fresh.innerHTML !== waiting.innerHTML) waiting.innerHTML = fresh.innerHTML;
        if (fresh && !fresh.dataset.refresh) return undefined;
      } catch {
        // The line is down: the page stays as it is, and the next look may succeed.
      }
      return setTimeout(look, waiting.dataset.refresh * 1000);
    };
    setTimeout(look, waiting.dataset.refresh * 1000);
  }

  const summary = document.querySelector(".govuk-error-summary");
  if (summary) summary.focus();
  for (const button of document.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
