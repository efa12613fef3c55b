'use strict';
// Runs axe-core in every page that is shown in a frame, and writes down what offends WCAG 2.2 at level A and AA.
window.onload = async function () {
  const faults = [];
  const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] };
  for (const frame of document.querySelectorAll('iframe')) {
    const found = await frame.contentWindow.axe.run(frame.contentDocument, rules);
    if (found.passes.length < 10) { faults.push(frame.title + ': next to nothing was checked'); }
    found.violations.forEach(function (violation) {
      const where = violation.nodes.slice(0, 3).map(function (node) { return node.target.join(' '); });
      faults.push(frame.title + ': ' + violation.id + ': ' + where.join(', '));
    });
  }
  document.title = 'checked';
  document.body.textContent = JSON.stringify(faults);
};
