// All cases of the page.
import { benchCases } from './bench.ts';
import { circuitCases } from './circuit.ts';
import { layoutCases } from './layout.ts';
import { lossCases } from './loss.ts';
import { pointerCases } from './pointer.ts';
import type { PageCase } from './run.ts';
import { trainCases } from './train.ts';

export const pageCases: readonly PageCase[] = [
  ...circuitCases,
  ...pointerCases,
  ...layoutCases,
  ...trainCases,
  ...benchCases,
  ...lossCases,
];
