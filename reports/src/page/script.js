"use strict";
(function () {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  document.getElementById("theme").addEventListener("click", function () {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });

  const command = document.getElementById("command");
  const copied = document.getElementById("copied");
  const copy = document.getElementById("copy");
  if (copy) copy.addEventListener("click", function () {
    const select = function () {
      getSelection().selectAllChildren(command);
      copied.textContent = "selected: copy it with your keyboard";
    };
    if (!navigator.clipboard) { select(); return; }
    navigator.clipboard.writeText(command.textContent).then(function () { copied.textContent = "copied"; }, select);
  });

  const story = document.querySelector(".story");
  if (story) {
    const all = Array.from(story.querySelectorAll("[data-step]"));
    const items = Array.from(story.querySelectorAll("li[data-step]"));
    const light = function (number) {
      all.forEach(function (e) { e.classList.toggle("hot", number !== null && e.dataset.step === number); });
      story.classList.toggle("lit", number !== null);
      const box = story.querySelector(".diagram");
      const badge = number === null ? null : box.querySelector("[data-step='" + number + "'] circle");
      if (badge && box.scrollHeight > box.clientHeight) {
        box.scrollTop += badge.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
      }
    };
    all.forEach(function (e) {
      e.addEventListener("mouseenter", function () { light(e.dataset.step); });
      e.addEventListener("mouseleave", function () { light(null); });
    });
    // Only the list takes the focus: an element of a picture that listens for it would be a stop of its own.
    items.forEach(function (e) {
      e.addEventListener("focus", function () { light(e.dataset.step); });
      e.addEventListener("blur", function () { light(null); });
    });
    story.addEventListener("keydown", function (event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const next = items[items.indexOf(document.activeElement) + step];
      if (step && next && items.includes(document.activeElement)) { next.focus(); event.preventDefault(); }
    });
  }

  let opened = [];
  addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (e) { e.open = e.closest("figure, .lanes") === null; });
  });
  addEventListener("afterprint", function () { opened.forEach(function (e) { e.open = false; }); });
})();
