/** Amplitudes in registers while a kernel is written: factors of i cost nothing, signs wait for the next use. */
import type { VectorCode } from './arithmetic.ts';

/** A register that holds a component up to a sign, which is applied where the component is next used. */
export interface Component {
  readonly local: number;
  readonly negative: boolean;
}

/** One amplitude in registers. */
export interface Amplitude {
  re: Component;
  im: Component;
}

/** A number in all lanes: a register, or where it is loaded from. */
export interface Factor {
  readonly local: number;
  /** Byte offset from the address in the local; undefined for a register. */
  readonly offset?: number;
}

/** A signed product `coefficient · component`; without coefficient, the component itself. */
export interface Term {
  readonly coefficient?: Factor | undefined;
  readonly component: Component;
}

function pushFactor(f: VectorCode, { local, offset }: Factor): VectorCode {
  f.get(local);
  return offset === undefined ? f : f.loadSplat(offset);
}

/** Multiplies an amplitude by i^power without computing anything. */
export function turned({ re, im }: Amplitude, power: number): Amplitude {
  const flip = (c: Component): Component => ({ local: c.local, negative: !c.negative });
  switch (power & 3) {
    case 0:
      return { re, im };
    case 1:
      return { re: flip(im), im: re };
    case 2:
      return { re: flip(re), im: flip(im) };
    default:
      return { re: im, im: flip(re) };
  }
}

/** Applies signs that are still pending. */
export function settle(f: VectorCode, vector: Amplitude[]): void {
  for (const amplitude of vector) {
    for (const part of ['re', 'im'] as const) {
      const { local, negative } = amplitude[part];
      if (!negative) continue;
      f.get(local).neg().set(local);
      amplitude[part] = { local, negative: false };
    }
  }
}

const isPlain = ({ coefficient }: Term): boolean => coefficient === undefined;

/** Adds a term to the popped sum, or subtracts it; the first one begins the sum. */
function pushTerm(
  f: VectorCode,
  { coefficient, component }: Term,
  negative: boolean,
  first: boolean,
): void {
  if (coefficient === undefined) {
    f.get(component.local);
    if (!first && negative) f.sub();
    else if (!first) f.add();
  } else if (first) {
    pushFactor(f, coefficient).get(component.local).mul();
  } else {
    f.addProduct(() => pushFactor(f, coefficient).get(component.local), negative);
  }
}

/** Pushes a sum of signed terms and returns whether the pushed value is its negative. */
function pushSum(f: VectorCode, terms: readonly Term[]): boolean {
  // A term without a coefficient in front lets the product be fused into the sum.
  const alone = f.numerics.fused && terms.length === 2 ? terms.findIndex(isPlain) : -1;
  const first = terms.findIndex(({ component }) => !component.negative);
  const lead = Math.max(0, alone < 0 || isPlain(terms[1 - alone] as Term) ? first : alone);
  const flipped = (terms[lead] as Term).component.negative;
  pushTerm(f, terms[lead] as Term, false, true);
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    if (i !== lead) pushTerm(f, term, term.component.negative !== flipped, false);
  }
  return flipped;
}

/** Replaces amplitudes by freshly pushed values; values are computed before any register is overwritten. */
export function assign(
  f: VectorCode,
  targets: readonly { amplitude: Amplitude; re: Term[]; im: Term[] }[],
  scale?: Factor,
): void {
  const stores: { amplitude: Amplitude; part: 're' | 'im'; negative: boolean }[] = [];
  for (const { amplitude, re, im } of targets) {
    for (const [part, terms] of [
      ['re', re],
      ['im', im],
    ] as const) {
      const negative = pushSum(f, terms);
      if (scale !== undefined) {
        pushFactor(f, scale).mul();
      }
      stores.push({ amplitude, part, negative });
    }
  }
  for (const { amplitude, part, negative } of stores.toReversed()) {
    const { local } = amplitude[part];
    f.set(local);
    amplitude[part] = { local, negative };
  }
}
