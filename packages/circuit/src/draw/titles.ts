import { anglesText, exponentText, numberText } from './angle-text.ts';
import type {
  BitCondition,
  ConditionalOp,
  Control,
  EvolutionOp,
  Op,
  PauliTerm,
  Slot,
} from '../types.ts';

/** A condition on classical bits: `c0=1`; several bits are listed from the least significant one, `c[0,1]=2`. */
export function conditionText(condition: BitCondition): string {
  const bits =
    condition.bits.length === 1 ? String(condition.bits[0]) : `[${condition.bits.join(',')}]`;
  return `c${bits}=${condition.value}`;
}

/** A sum of Pauli strings: `0.5·X0·Z1-Z2`. */
function pauliText(terms: readonly PauliTerm[]): string {
  const texts = terms.map((term) => {
    const word = term.paulis.map(({ pauli, qubit }) => `${pauli}${qubit}`).join('·');
    if (word === '') return numberText(term.coefficient);
    if (term.coefficient === 1) return word;
    return term.coefficient === -1 ? `-${word}` : `${numberText(term.coefficient)}·${word}`;
  });
  return texts.length === 0 ? '0' : texts.join('+').replaceAll('+-', '-');
}

function qubitsText(qubits: readonly number[]): string {
  if (qubits.length === 0) return '';
  return ` on qubit${qubits.length === 1 ? '' : 's'} ${qubits.join(', ')}`;
}

function controlsText(controls: readonly Control[]): string {
  return controls.length === 0
    ? ''
    : `, where ${controls.map(({ qubit, value }) => `qubit ${qubit} is ${value}`).join(' and ')}`;
}

function generatorText({ generator }: Pick<EvolutionOp, 'generator'>, letter: string): string {
  if ('slot' in generator) return generator.slot;
  return 'terms' in generator ? `(${pauliText(generator.terms)})` : letter;
}

function conditionalText(op: ConditionalOp, slots: readonly Slot[]): string {
  const list = (ops: readonly Op[]): string => ops.map((inner) => titleOf(inner, slots)).join('; ');
  const otherwise = op.otherwise.length === 0 ? '' : `; otherwise ${list(op.otherwise)}`;
  const head =
    op.repeat === undefined
      ? `if ${conditionText(op.condition)}`
      : `while ${conditionText(op.condition)}, at most ${op.repeat} times`;
  return `${head}: ${list(op.then)}${otherwise}`;
}

/** An operation in words, with nothing shortened: the tooltip of a drawing. */
export function titleOf(op: Op, slots: readonly Slot[]): string {
  const call = (name: string, angles: string): string =>
    angles === '' ? name : `${name}(${angles})`;
  switch (op.type) {
    case 'gate': {
      const name = op.word === undefined ? op.gate : `${op.gate} ${op.word}`;
      return `${call(name, anglesText(op.angles, slots))}${qubitsText(op.qubits)}${controlsText(op.controls)}`;
    }
    case 'matrix': {
      const kind = op.unitary ? 'unitary' : 'linear map';
      return `${op.label ?? 'U'} (${kind})${qubitsText(op.qubits)}${controlsText(op.controls)}`;
    }
    case 'evolution': {
      const drift =
        op.drift === undefined
          ? ''
          : ` ${exponentText(op.drift.time, generatorText(op.drift, 'B'), slots)}`;
      const power = `exp(${exponentText(op.time, generatorText(op, 'A'), slots)}${drift})`;
      return `${power}${qubitsText(op.qubits)}${controlsText(op.controls)}`;
    }
    case 'statePreparation': {
      const { amplitudes } = op;
      const state =
        'slot' in amplitudes ? amplitudes.slot : `${amplitudes.values.length / 2} fixed amplitudes`;
      return `state preparation from ${state}${op.normalize ? ', normalised,' : ''}${qubitsText(op.qubits)}`;
    }
    case 'channel':
      return `channel ${call(op.channel, anglesText(op.angles, slots))}${qubitsText(op.qubits)}`;
    case 'measure': {
      const kept = op.postselect === undefined ? '' : `, outcome ${op.postselect} kept`;
      return `measurement of qubit ${op.qubit} into bit ${op.bit}${kept}`;
    }
    case 'reset':
      return `reset${qubitsText(op.qubits)}`;
    case 'conditional':
      return conditionalText(op, slots);
    case 'barrier':
      return `barrier${qubitsText(op.qubits)}`;
  }
}
