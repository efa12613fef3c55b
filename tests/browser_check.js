'use strict';
// Runs in a page that shows every report in a frame of phone or desktop width, and writes down what is wrong.
window.onload = function () {
  const faults = [];
  const luminance = function (rgb) {
    const linear = rgb.map(function (v) {
      const c = v / 255;
      return c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const numbers = function (colour) { return colour.match(/[\d.]+/g).map(Number); };
  const behind = function (view, element) {
    for (let e = element; e; e = e.parentElement) {
      const c = numbers(view.getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) { return c.slice(0, 3); }
    }
    return [255, 255, 255];
  };
  const contrast = function (a, b) {
    const x = luminance(a), y = luminance(b);
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };

  document.querySelectorAll('iframe').forEach(function (frame) {
    const page = frame.contentDocument;
    const view = frame.contentWindow;
    const fault = function (what) { faults.push(frame.title + ': ' + what); };
    const root = page.documentElement;

    if (root.scrollWidth > root.clientWidth) { fault('scrolls sideways: ' + root.scrollWidth + ' > ' + root.clientWidth); }
    ['header', 'nav', 'main', 'footer', 'h1'].forEach(function (name) {
      if (page.querySelectorAll(name).length !== 1) { fault('there is not one ' + name); }
    });
    page.querySelectorAll('svg[role=img]').forEach(function (svg) {
      svg.getAttribute('aria-labelledby').split(' ').forEach(function (id) {
        const label = page.getElementById(id);
        if (!label || !label.textContent.trim()) { fault('a plot without words: ' + id); }
      });
    });
    page.querySelectorAll('nav a').forEach(function (link) {
      if (!page.getElementById(link.getAttribute('href').slice(1))) { fault('a link to nowhere'); }
    });
    const dark = luminance(behind(view, page.body)) < 0.2;
    if (dark !== view.matchMedia('(prefers-color-scheme: dark)').matches) { fault('not in the colours that were asked for'); }
    page.body.querySelectorAll('*').forEach(function (element) {
      const own = Array.from(element.childNodes).some(function (n) { return n.nodeType === 3 && n.data.trim(); });
      const box = element.getBoundingClientRect();
      if (!own || box.width === 0 || ['SCRIPT', 'STYLE', 'title', 'desc', 'OPTION'].includes(element.tagName)) { return; }
      const style = view.getComputedStyle(element);
      const ink = numbers(element.namespaceURI.endsWith('svg') ? style.fill : style.color).slice(0, 3);
      if (contrast(ink, behind(view, element)) < 4.5) { fault('too little contrast: ' + element.textContent.slice(0, 40)); }
    });

    // A sentence of several words in a column of one or two of them, beside empty space.
    page.querySelectorAll('main li').forEach(function (item) {
      const words = document.createRange();
      words.selectNodeContents(item);
      const lines = new Set(Array.from(words.getClientRects()).map(function (line) { return Math.round(line.top); })).size;
      const room = item.parentElement.getBoundingClientRect().width;
      const wide = Math.max.apply(null, Array.from(words.getClientRects()).map(function (line) { return line.width; }));
      if (!item.children.length && lines > 2 && wide < room / 2) { fault('a narrow column: ' + item.textContent.slice(0, 40)); }
    });

    const search = page.getElementById('find-text');
    if (search) {
      const rows = Array.from(page.querySelectorAll('#problem-rows tr'));
      const shown = function () { return rows.filter(function (row) { return !row.hidden; }); };
      const type = function (text) { search.value = text; search.dispatchEvent(new view.Event('input')); };
      const code = rows[0].querySelector('.tag').textContent;
      type(code.toUpperCase());
      if (shown().length === 0 || shown().length > rows.length) { fault('search finds nothing'); }
      if (!shown().every(function (row) { return row.textContent.includes(code); })) { fault('search finds too much'); }
      type('no such words anywhere');
      if (shown().length !== 0) { fault('search finds what is not there'); }
      type('');
      if (shown().length !== rows.length) { fault('search does not let go'); }
    }
    if (view.pwned || window.pwned) { fault('a value from the export ran as a script'); }
  });
  document.title = 'checked';
  document.body.textContent = JSON.stringify(faults);
};
