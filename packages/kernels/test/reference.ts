import { readFileSync } from 'node:fs';

interface MapValues {
  readonly gram: number[][];
  readonly between: number[][];
}

/** Values of other packages, see `data/reference.json`. */
export interface Reference {
  readonly x: number[][];
  readonly y: number[][];
  readonly w: number[][][];
  readonly alpha: number;
  readonly maps: Readonly<Record<'pairMean' | 'iqp' | 'zz' | 'trainable', MapValues>>;
  readonly labels: number[];
  readonly alignment: number;
  readonly unbalancedLabels: number[];
  readonly alignmentRescaled: number;
  readonly polarity: number;
  readonly projected: { readonly gamma: number; readonly gram: number[][] };
  readonly repair: Readonly<Record<'matrix' | 'shift' | 'clip' | 'flip', number[][]>>;
  readonly machines: {
    readonly points: number[][];
    readonly test: number[][];
    readonly labels: number[];
    readonly gamma: number;
    readonly svm: readonly {
      readonly C: number;
      readonly dual: number[];
      readonly bias: number;
      readonly decision: number[];
    }[];
    readonly targets: number[];
    readonly ridge: { readonly lam: number; readonly predicted: number[] };
    readonly gp: {
      readonly noise: number;
      readonly mean: number[];
      readonly deviation: number[];
      readonly logMarginal: number;
    };
  };
  readonly auc: { readonly scores: number[]; readonly labels: number[]; readonly value: number };
}

export const values: Reference = JSON.parse(
  readFileSync(new URL('data/reference.json', import.meta.url), 'utf8'),
) as Reference;
