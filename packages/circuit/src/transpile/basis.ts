import { CircuitError } from '@ketwork/base';
import { sumOf } from '../expression.ts';
import type { Angle, GateOp } from '../types.ts';

type Push = (gate: string, qubits: readonly number[], angles: readonly Angle[]) => void;

const QUARTER = Math.PI / 2;

/** Ways to write RZ(φ) RY(θ) RZ(λ), up to a global phase, and the gates each needs; the first that fits is taken. */
const SINGLE: readonly {
  readonly needs: readonly string[];
  readonly write: (push: Push, q: number, theta: Angle, phi: Angle, lambda: Angle) => void;
}[] = [
  {
    needs: ['RZ', 'RY'],
    write: (push, q, theta, phi, lambda) => {
      rotate(push, 'RZ', q, lambda);
      rotate(push, 'RY', q, theta);
      rotate(push, 'RZ', q, phi);
    },
  },
  {
    needs: ['U3'],
    write: (push, q, theta, phi, lambda) => push('U3', [q], [theta, phi, lambda]),
  },
  {
    needs: ['RZ', 'RX'],
    write: (push, q, theta, phi, lambda) => {
      rotate(push, 'RZ', q, sumOf(lambda, -QUARTER));
      rotate(push, 'RX', q, theta);
      rotate(push, 'RZ', q, sumOf(phi, QUARTER));
    },
  },
  {
    needs: ['RZ', 'SX'],
    write: (push, q, theta, phi, lambda) => {
      if (theta === 0) return rotate(push, 'RZ', q, sumOf(phi, lambda));
      rotate(push, 'RZ', q, lambda);
      push('SX', [q], []);
      rotate(push, 'RZ', q, sumOf(theta, Math.PI));
      push('SX', [q], []);
      rotate(push, 'RZ', q, sumOf(phi, Math.PI));
    },
  },
  {
    needs: ['RZ', 'H'],
    write: (push, q, theta, phi, lambda) => {
      rotate(push, 'RZ', q, sumOf(lambda, -QUARTER));
      if (theta !== 0) {
        push('H', [q], []);
        rotate(push, 'RZ', q, theta);
        push('H', [q], []);
      }
      rotate(push, 'RZ', q, sumOf(phi, QUARTER));
    },
  },
  {
    needs: ['RX', 'RY'],
    write: (push, q, theta, phi, lambda) => {
      const z = (angle: Angle): void => {
        if (angle === 0) return;
        rotate(push, 'RX', q, -QUARTER);
        rotate(push, 'RY', q, angle);
        rotate(push, 'RX', q, QUARTER);
      };
      z(lambda);
      rotate(push, 'RY', q, theta);
      z(phi);
    },
  },
];

/** Ways to write a CNOT, up to a global phase; single-qubit gates are written again. */
const ENTANGLERS: Readonly<Record<string, (push: Push, c: number, t: number) => void>> = {
  CNOT: (push, c, t) => push('CNOT', [c, t], []),
  CZ: (push, c, t) => {
    push('H', [t], []);
    push('CZ', [c, t], []);
    push('H', [t], []);
  },
  RZZ: (push, c, t) => {
    push('H', [t], []);
    push('RZZ', [c, t], [-QUARTER]);
    push('RZ', [c], [QUARTER]);
    push('RZ', [t], [QUARTER]);
    push('H', [t], []);
  },
  RXX: (push, c, t) => {
    push('H', [c], []);
    push('RXX', [c, t], [-QUARTER]);
    push('RX', [c], [QUARTER]);
    push('RX', [t], [QUARTER]);
    push('H', [c], []);
  },
  ECR: (push, c, t) => {
    push('RX', [c], [Math.PI]);
    push('ECR', [c, t], []);
    push('RZ', [c], [QUARTER]);
    push('RX', [t], [QUARTER]);
  },
  ISWAP: (push, c, t) => {
    push('RZ', [t], [QUARTER]);
    push('ISWAP', [c, t], []);
    push('RX', [c], [QUARTER]);
    push('ISWAP', [c, t], []);
    push('RZ', [t], [QUARTER]);
    push('RZ', [c], [-QUARTER]);
    push('RX', [t], [QUARTER]);
  },
};

/** Writes gates RX, RY, RZ, H and CNOT in a basis. */
export class BasisWriter {
  readonly #basis: ReadonlySet<string>;
  readonly #single: (typeof SINGLE)[number]['write'];
  readonly #entangler: ((push: Push, c: number, t: number) => void) | undefined;

  /** @throws CircuitError for a basis from which not every gate can be made */
  constructor(basis: ReadonlySet<string>) {
    this.#basis = basis;
    const single = SINGLE.find(({ needs }) => needs.every((name) => basis.has(name)));
    if (single === undefined) {
      const ways = SINGLE.map(({ needs }) => needs.join(' and ')).join('; ');
      throw new CircuitError(
        `the basis ${[...basis].join(', ')} does not give every gate on one qubit`,
        { remedy: `Include one of: ${ways}` },
      );
    }
    this.#single = single.write;
    const name = Object.keys(ENTANGLERS).find((entangler) => basis.has(entangler));
    this.#entangler = name === undefined ? undefined : ENTANGLERS[name];
  }

  write(ops: readonly GateOp[]): GateOp[] {
    const out: GateOp[] = [];
    const push: Push = (gate, qubits, angles) => {
      if (this.#basis.has(gate)) {
        out.push({ type: 'gate', gate, qubits, angles, controls: [] });
        return;
      }
      const [qubit] = qubits as [number];
      const [angle = 0] = angles;
      const raw: Push = (name, on, list) =>
        out.push({ type: 'gate', gate: name, qubits: on, angles: list, controls: [] });
      if (gate === 'CNOT') return this.#entangle(push, qubits);
      if (gate === 'H') this.#single(raw, qubit, QUARTER, 0, Math.PI);
      else if (gate === 'RZ') this.#single(raw, qubit, 0, angle, 0);
      else if (gate === 'RY') this.#single(raw, qubit, angle, 0, 0);
      else this.#single(raw, qubit, angle, -QUARTER, QUARTER);
    };
    for (const { gate, qubits, angles } of ops) push(gate, qubits, angles);
    return out;
  }

  #entangle(push: Push, qubits: readonly number[]): void {
    if (this.#entangler === undefined) {
      throw new CircuitError(
        `the basis ${[...this.#basis].join(', ')} has no gate that entangles two qubits`,
        { remedy: `Include one of ${Object.keys(ENTANGLERS).join(', ')}` },
      );
    }
    this.#entangler(push, qubits[0]!, qubits[1]!);
  }
}

function rotate(push: Push, gate: string, qubit: number, angle: Angle): void {
  if (angle !== 0) push(gate, [qubit], [angle]);
}
