// The circuit view with mouse and finger.
import assert from 'node:assert/strict';
import {
  betweenTaps,
  cell,
  chip,
  drag,
  expectProgram,
  probabilitiesOf,
  settled,
  touchDrag,
} from './helpers.ts';
import type { PageCase } from './run.ts';

export const pointerCases: readonly PageCase[] = [
  {
    name: 'mouse: gates are dragged in, across and out',
    async run(page) {
      await drag(page, chip(page, 'X'), cell(page, 1, 0));
      await expectProgram(page, 'qubit[2] q;\nh q[0];\nx q[1];\ncx q[0], q[1];');
      // Behind the CNOT, on the other wire.
      await drag(page, cell(page, 1, 0), cell(page, 0, 3));
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[0], q[1];\nx q[0];');
      // The CNOT's target onto the control's wire: they change places.
      await drag(page, cell(page, 1, 1), cell(page, 0, 1));
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[1], q[0];\nx q[0];');
      // Out of the board.
      await drag(page, cell(page, 0, 0), page.locator('h1'));
      await expectProgram(page, 'qubit[2] q;\ncx q[1], q[0];\nx q[0];');
      assert.deepEqual(await probabilitiesOf(page), {
        '|00⟩': 0,
        '|01⟩': 0,
        '|10⟩': 100,
        '|11⟩': 0,
      });
      assert.equal(await page.locator('.ghost').count(), 0);
      await page.getByRole('button', { name: 'Undo' }).click();
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[1], q[0];\nx q[0];');
    },
  },
  {
    name: 'mouse: a chip is clicked, then a place; Escape puts it away; a control is dropped on a gate',
    async run(page) {
      await chip(page, 'RZ').click();
      await settled(page);
      assert.equal(await chip(page, 'RZ').getAttribute('aria-pressed'), 'true');
      await cell(page, 1, 2).click();
      await expectProgram(page, 'qubit[2] q;\nh q[0];\ncx q[0], q[1];\nrz(pi/2) q[1];');
      await page.keyboard.press('Escape');
      await settled(page);
      assert.equal(await chip(page, 'RZ').getAttribute('aria-pressed'), 'false');
      await drag(page, chip(page, 'control'), cell(page, 0, 2));
      await expectProgram(
        page,
        'qubit[2] q;\nh q[0];\ncx q[0], q[1];\nctrl @ rz(pi/2) q[0], q[1];',
      );
      await page.getByRole('button', { name: /Control on qubit 0: on 1/ }).click();
      await expectProgram(
        page,
        'qubit[2] q;\nh q[0];\ncx q[0], q[1];\nnegctrl @ rz(pi/2) q[0], q[1];',
      );
      await page.getByRole('button', { name: 'Add a qubit' }).click();
      await page.getByLabel('qubit', { exact: true }).selectOption({ label: 'q2' });
      await expectProgram(
        page,
        'qubit[3] q;\nh q[0];\ncx q[0], q[1];\nnegctrl @ rz(pi/2) q[0], q[2];',
      );
    },
  },
  ...(['phone', 'small'] as const).map((window): PageCase => ({
    name: `touch, ${window}: gates are dragged and tapped into place`,
    window,
    async run(page) {
      await touchDrag(page, chip(page, 'X'), cell(page, 1, 0));
      await expectProgram(page, 'qubit[2] q;\nh q[0];\nx q[1];\ncx q[0], q[1];');
      await touchDrag(page, cell(page, 1, 0), cell(page, 0, 0));
      await expectProgram(page, 'qubit[2] q;\nx q[0];\nh q[0];\ncx q[0], q[1];');
      await chip(page, 'Y').tap();
      await betweenTaps(page);
      await cell(page, 1, 0).tap();
      await settled(page);
      await expectProgram(page, 'qubit[2] q;\nx q[0];\ny q[1];\nh q[0];\ncx q[0], q[1];');
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= page.viewportSize()!.width, `the page is ${wide} pixels wide`);
    },
  })),
];
