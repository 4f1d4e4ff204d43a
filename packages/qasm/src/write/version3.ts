import { UnsupportedError, sizeOf } from '@ketwork/base';
import { angle as angles, eulerAngles, gate } from '@ketwork/circuit';
import type {
  Angle,
  AngleLike,
  Circuit,
  Control,
  EvolutionOp,
  GateOp,
  MatrixOp,
  Op,
  Slot,
} from '@ketwork/circuit';
import { angleText, collected, numberText } from './angle-text.ts';
import { DEFINITIONS, definedName, pauliDefinition, pauliName } from './definitions.ts';
import { pauliRotations, refused } from './expressible.ts';
import { matrixGates } from './matrix.ts';
import { Names, layoutOf } from './registers.ts';
import type { Layout } from './registers.ts';
import type { ToQasmOptions } from './options.ts';

/** Gates of the table as modified standard gates. */
const MODIFIED: Readonly<Record<string, readonly [modifiers: string, name: string]>> = {
  SXdg: ['inv @ ', 'sx'],
  CS: ['ctrl @ ', 's'],
  CSdg: ['ctrl @ ', 'sdg'],
  CSX: ['ctrl @ ', 'sx'],
  CSXdg: ['ctrl @ inv @ ', 'sx'],
  CCZ: ['ctrl(2) @ ', 'z'],
};

/** Writes a circuit in OpenQASM 3. */
export class Writer3 {
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #slotNames = new Map<string, string>();
  readonly #names = new Names(3);
  readonly #qubits: Layout;
  readonly #bits: Layout;
  readonly #definitions = new Map<string, readonly string[]>();
  readonly #circuit: Circuit;
  #lines: string[] = [];
  #indent = '';
  /** Global phase that is still to be written. */
  #phase: AngleLike[] = [];
  #operation = 0;

  constructor(circuit: Circuit, options: ToQasmOptions) {
    this.#circuit = circuit;
    this.#slots = new Map(circuit.slots.map((slot) => [slot.name, slot]));
    for (const definition of Object.keys(DEFINITIONS)) this.#names.take(definedName(definition));
    for (const slot of circuit.slots) {
      if (slot.kind !== 'scalar') {
        throw new UnsupportedError(
          `the slot '${slot.name}' holds ${slot.kind}, and OpenQASM has no such inputs`,
          {
            remedy: 'Give its value with bind() first',
          },
        );
      }
      this.#slotNames.set(slot.name, this.#names.take(slot.name));
    }
    this.#qubits = layoutOf(circuit.qubits, options.qubits ?? [], 'q', this.#names, 3);
    this.#bits = layoutOf(circuit.bits, options.bits ?? [], 'c', this.#names, 3);
  }

  /** The program. */
  text(): string {
    this.#circuit.ops.forEach((op, i) => {
      this.#operation = i;
      this.#op(op);
    });
    this.#flush();
    const inputs = this.#circuit.slots.map(({ name, shape }) => {
      const type = shape.length === 0 ? 'float[64]' : `array[float[64], ${shape.join(', ')}]`;
      return sizeOf(shape) === 0 ? '' : `input ${type} ${this.#slotNames.get(name)};`;
    });
    const registers = (word: string, { registers: list }: Layout): string[] =>
      list.map(({ name, length }) => `${word}[${length}] ${name};`);
    return [
      'OPENQASM 3.0;',
      'include "stdgates.inc";',
      ...inputs,
      ...[...this.#definitions.values()].flat(),
      ...registers('qubit', this.#qubits),
      ...registers('bit', this.#bits),
      ...this.#lines,
      '',
    ].join('\n');
  }

  #line(text: string): void {
    this.#lines.push(`${this.#indent}${text}`);
  }

  #angle(angle: AngleLike): string {
    if (typeof angle === 'number') return numberText(angle);
    const data: Angle = 'data' in angle ? angle.data : (angle as Angle);
    return angleText(data, this.#slots, this.#slotNames);
  }

  /** Writes the global phase that has come together. */
  #flush(): void {
    const total = this.#phase.length === 0 ? 0 : collected(angles.add(...this.#phase).data);
    this.#phase = [];
    if (typeof total === 'number') {
      const turned = total - 2 * Math.PI * Math.round(total / (2 * Math.PI));
      if (Math.abs(turned) > 1e-12) this.#line(`gphase(${numberText(turned)});`);
    } else this.#line(`gphase(${this.#angle(total)});`);
  }

  #op(op: Op): void {
    switch (op.type) {
      case 'gate':
        this.#gate(op);
        return;
      case 'matrix':
        this.#matrix(op);
        return;
      case 'evolution':
        this.#evolution(op);
        return;
      case 'measure':
        if (op.postselect !== undefined) refused('a postselected measurement', this.#operation);
        this.#line(`${this.#bits.wires[op.bit]} = measure ${this.#qubits.wires[op.qubit]};`);
        return;
      case 'reset':
        for (const qubit of op.qubits) this.#line(`reset ${this.#qubits.wires[qubit]};`);
        return;
      case 'barrier':
        this.#line(`barrier ${this.#on(op.qubits)};`);
        return;
      case 'conditional':
        this.#conditional(op);
        return;
      default:
        refused(op.type === 'channel' ? 'a noise channel' : 'a state preparation', this.#operation);
    }
  }

  #on(qubits: readonly number[]): string {
    return qubits.map((qubit) => this.#qubits.wires[qubit]!).join(', ');
  }

  /** A gate with the modifiers of its controls. */
  #call(
    controls: readonly Control[],
    name: string,
    turns: readonly AngleLike[],
    qubits: readonly number[],
  ): void {
    const values =
      turns.length === 0 ? '' : `(${turns.map((turn) => this.#angle(turn)).join(', ')})`;
    const operands = [...controls.map(({ qubit }) => qubit), ...qubits];
    this.#line(`${modifiers(controls)}${name}${values} ${this.#on(operands)};`);
  }

  /** A phase where controls hold; of the whole state without controls. */
  #turned(controls: readonly Control[], turn: AngleLike): void {
    if (turn === 0) return;
    const first = controls.find(({ value }) => value === 1);
    if (controls.length === 0) this.#phase.push(turn);
    else if (first === undefined) this.#call(controls, 'gphase', [turn], []);
    else
      this.#call(
        controls.filter((control) => control !== first),
        'p',
        [turn],
        [first.qubit],
      );
  }

  #gate(op: GateOp): void {
    const { controls, qubits } = op;
    const [a = 0, b = 0, c = 0] = op.angles;
    switch (op.gate) {
      case 'GPhase':
        this.#turned(controls, a);
        return;
      case 'U3':
        this.#u3([a, b, c], qubits[0]!, controls, 0);
        return;
      case 'U2':
        if (controls.length > 0) this.#u3([Math.PI / 2, a, b], qubits[0]!, controls, 0);
        else {
          this.#call([], 'u2', [a, b], qubits);
          this.#phase.push(angles.mul(0.5, angles.add(a, b)).data);
        }
        return;
      case 'Rot':
        this.#call(controls, 'u3', [b, c, a], qubits);
        return;
      case 'CRot':
        this.#call(
          [...controls, { qubit: qubits[0]!, value: 1 }],
          'u3',
          [b, c, a],
          qubits.slice(1),
        );
        return;
      case 'CU3':
        this.#call(controls, 'cu', [a, b, c, 0], qubits);
        return;
      case 'PauliRot':
        this.#pauli(op.word!, a, qubits, controls);
        return;
      case 'MultiRZ':
        this.#pauli('Z'.repeat(qubits.length), a, qubits, controls);
        return;
    }
    const modified = MODIFIED[op.gate];
    if (modified !== undefined) {
      const [own, name] = modified;
      const operands = [...controls.map(({ qubit }) => qubit), ...qubits];
      this.#line(`${modifiers(controls)}${own}${name} ${this.#on(operands)};`);
      return;
    }
    if (DEFINITIONS[op.gate] !== undefined) {
      this.#definitions.set(op.gate, DEFINITIONS[op.gate]!);
      this.#call(controls, definedName(op.gate), op.angles, qubits);
      return;
    }
    this.#call(controls, gate(op.gate).qasm.v3!, op.angles, qubits);
  }

  /** U of OpenQASM 3 is e^{iθ/2}·U3, and its u3 is e^{-i(φ+λ)/2}·U3. */
  #u3(
    [theta, phi, lambda]: readonly [Angle, Angle, Angle],
    qubit: number,
    controls: readonly Control[],
    phase: number,
  ): void {
    if (controls.length === 0) {
      this.#call([], 'U', [theta, phi, lambda], [qubit]);
      this.#phase.push(angles.add(angles.mul(-0.5, theta), phase).data);
      return;
    }
    this.#call(controls, 'u3', [theta, phi, lambda], [qubit]);
    this.#turned(controls, angles.add(angles.mul(0.5, angles.add(phi, lambda)), phase).data);
  }

  #pauli(word: string, turn: Angle, qubits: readonly number[], controls: readonly Control[]): void {
    const keep = [...word].flatMap((letter, i) => (letter === 'I' ? [] : [i]));
    const letters = keep.map((i) => word[i]!).join('');
    const on = keep.map((i) => qubits[i]!);
    if (letters === '') this.#turned(controls, angles.mul(-0.5, turn).data);
    else if (letters.length === 1) this.#call(controls, `r${letters.toLowerCase()}`, [turn], on);
    else {
      this.#definitions.set(letters, pauliDefinition(letters));
      this.#call(controls, pauliName(letters), [turn], on);
    }
  }

  #matrix(op: MatrixOp): void {
    if (!op.unitary) refused('a map that is not unitary', this.#operation);
    if (op.qubits.length > 1) {
      const { ops, phase } = matrixGates(op.matrix, op.qubits.length);
      for (const { gate: name, qubits, angles: turns } of ops) {
        const on = qubits.map((i) => op.qubits[i]!);
        this.#call(op.controls, name === 'CNOT' ? 'cx' : name.toLowerCase(), turns, on);
      }
      this.#turned(op.controls, phase);
      return;
    }
    const { alpha, theta, phi, lambda } = eulerAngles(op.matrix);
    this.#u3([theta, phi, lambda], op.qubits[0]!, op.controls, alpha);
  }

  #evolution(op: EvolutionOp): void {
    for (const { word, qubits, turn } of pauliRotations(op, this.#operation)) {
      this.#pauli(word, turn, qubits, op.controls);
    }
  }

  #conditional(op: Op & { readonly type: 'conditional' }): void {
    // A loop ends by its condition alone: OpenQASM has no bound.
    this.#line(`${op.repeat === undefined ? 'if' : 'while'} (${this.#condition(op.condition)}) {`);
    this.#block(op.then);
    if (op.otherwise.length > 0) {
      this.#line('} else {');
      this.#block(op.otherwise);
    }
    this.#line('}');
  }

  #condition({
    bits,
    value,
  }: {
    readonly bits: readonly number[];
    readonly value: number;
  }): string {
    const register = this.#bits.registers.find(
      ({ first, length }) => length === bits.length && bits.every((bit, i) => bit === first + i),
    );
    if (register !== undefined && bits.length > 1) return `${register.name} == ${value}`;
    return bits
      .map(
        (bit, i) => `${Math.floor(value / 2 ** i) % 2 === 1 ? '' : '!'}${this.#bits.wires[bit]!}`,
      )
      .join(' && ');
  }

  #block(ops: readonly Op[]): void {
    const phase = this.#phase;
    const indent = this.#indent;
    this.#phase = [];
    this.#indent = `${indent}  `;
    for (const op of ops) this.#op(op);
    this.#flush();
    this.#phase = phase;
    this.#indent = indent;
  }
}

/** Modifiers for controls, runs of one kind together. */
function modifiers(controls: readonly Control[]): string {
  let text = '';
  for (let i = 0; i < controls.length;) {
    const { value } = controls[i]!;
    let count = 0;
    while (controls[i + count]?.value === value) count++;
    text += `${value === 1 ? 'ctrl' : 'negctrl'}${count === 1 ? '' : `(${count})`} @ `;
    i += count;
  }
  return text;
}
