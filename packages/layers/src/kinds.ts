import { parseCircuit } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { initializers } from '@ketwork/nn';
import type { Initializer, Json, LayerKinds } from '@ketwork/nn';
import { checkProgram, reference } from '@ketwork/simulator';
import type { Measurements } from '@ketwork/simulator';
import { dataReuploading } from './data-reuploading.ts';
import type { DataReuploadingOptions } from './data-reuploading.ts';
import { fastWeightProgrammer } from './fast-weight-programmer.ts';
import type { FastWeightProgrammerOptions } from './fast-weight-programmer.ts';
import { flippedQuanv } from './flipped-quanv.ts';
import type { FlippedQuanvOptions } from './flipped-quanv.ts';
import { hamiltonianEmbedding } from './hamiltonian-embedding.ts';
import type { HamiltonianEmbeddingOptions } from './hamiltonian-embedding.ts';
import { hybridParallel } from './hybrid-parallel.ts';
import type { HybridParallelOptions } from './hybrid-parallel.ts';
import { qgru, qgruCell } from './qgru.ts';
import { qlstm, qlstmCell } from './qlstm.ts';
import { qrnn, qrnnCell } from './qrnn.ts';
import { quantum } from './quantum.ts';
import type { QuantumOptions } from './quantum.ts';
import { quanvolution } from './quanvolution.ts';
import type { QuanvolutionOptions } from './quanvolution.ts';
import { quantumConv2d } from './quantum-conv2d.ts';
import type { QuantumConv2dOptions } from './quantum-conv2d.ts';
import { quantumGraphConv } from './quantum-graph-conv.ts';
import type { QuantumGraphConvOptions } from './quantum-graph-conv.ts';
import { quantumTensorNetwork } from './quantum-tensor-network.ts';
import type { QuantumTensorNetworkOptions } from './quantum-tensor-network.ts';
import { quantumReservoir } from './quantum-reservoir.ts';
import type { RecurrentOptions } from './recurrent/layer.ts';
import { spinReservoir } from './spin-reservoir.ts';
import type { SpinReservoirOptions } from './spin-reservoir.ts';
import { quantumLinear } from './quantum-linear.ts';
import type { QuantumLinearOptions } from './quantum-linear.ts';

/** Settings with initialisers as JSON. */
type Written<Options, Rules extends keyof Options> = Omit<Options, Rules> &
  Readonly<Record<Rules, Json>>;

/** What a layer's JSON has instead of a circuit, measurements and initialisers. */
interface CircuitSettings {
  readonly circuit: Json;
  readonly measurement: Json;
  readonly init: Readonly<Record<string, Json>>;
}

/** What the JSON of recurrent layers has instead of a circuit of their own and initialisers. */
interface GateSettings {
  readonly hidden: number;
  readonly circuit?: Json;
  readonly init?: Readonly<Record<string, Json>>;
}

interface Program {
  readonly circuit: Circuit;
  readonly measurement: Measurements;
  readonly init: Readonly<Record<string, Initializer>>;
}

/**
 * Rules to make the layers of this package again, for `layerFromJSON`.
 *
 * @example
 * ```ts
 * import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
 * import { quantum, quantumKinds } from '@ketwork/layers';
 * import { layerFromJSON } from '@ketwork/nn';
 * const layer = quantum(circuit(1, (q) => q.rx(input('x'), 0).ry(weight('w'), 0)), expval(Z(0)));
 * const copy = layerFromJSON(JSON.stringify(layer), quantumKinds);
 * console.log(copy.kind); // quantum
 * ```
 */
export const quantumKinds: LayerKinds = Object.freeze<LayerKinds>({
  dataReuploading: (settings: DataReuploadingOptions & Pick<CircuitSettings, 'init'>) =>
    dataReuploading({ ...settings, init: rulesOf(settings.init) }),
  fastWeightProgrammer: (settings: FastWeightProgrammerOptions) => fastWeightProgrammer(settings),
  flippedQuanv: (
    settings: Written<FlippedQuanvOptions, 'init' | 'biasInit'> & {
      readonly channels?: number;
      readonly filters: number;
    },
  ) => {
    const { channels, filters, ...rest } = settings;
    const options = { ...rest, ...bothRules(rest) };
    return channels === undefined
      ? flippedQuanv(filters, options)
      : flippedQuanv(channels, filters, options);
  },
  hamiltonianEmbedding: (settings: Written<HamiltonianEmbeddingOptions, 'init'>) =>
    hamiltonianEmbedding({ ...settings, init: initializers.fromJSON(settings.init) }),
  hybridParallel: (settings: CircuitSettings & HybridParallelOptions) =>
    hybridParallel(withProgram(settings)),
  qgru: (settings: GateSettings) => qgru(withGates(settings)),
  qgruCell: (settings: GateSettings) => qgruCell(withGates(settings)),
  qlstm: (settings: GateSettings) => qlstm(withGates(settings)),
  qlstmCell: (settings: GateSettings) => qlstmCell(withGates(settings)),
  qrnn: (settings: GateSettings) => qrnn(withGates(settings)),
  qrnnCell: (settings: GateSettings) => qrnnCell(withGates(settings)),
  quantum: (settings: CircuitSettings & QuantumOptions) => {
    const { circuit, measurement, ...options } = withProgram(settings);
    return quantum(circuit, measurement, options);
  },
  quantumConv2d: (settings: CircuitSettings & QuantumConv2dOptions) =>
    quantumConv2d(withProgram(settings)),
  quanvolution: (settings: CircuitSettings & QuanvolutionOptions) =>
    quanvolution(withProgram(settings)),
  quantumGraphConv: (settings: CircuitSettings & QuantumGraphConvOptions) =>
    quantumGraphConv(withProgram(settings)),
  quantumLinear: (
    settings: Written<QuantumLinearOptions, 'init' | 'biasInit'> & {
      readonly inputs?: number;
      readonly outputs: number;
    },
  ) => {
    const { inputs, outputs, ...rest } = settings;
    const options = { ...rest, ...bothRules(rest) };
    return inputs === undefined
      ? quantumLinear(outputs, options)
      : quantumLinear(inputs, outputs, options);
  },
  quantumReservoir: (settings: GateSettings) => quantumReservoir(withGates(settings)),
  quantumTensorNetwork: (
    settings: Written<QuantumTensorNetworkOptions, 'init'> &
      Readonly<Record<'word' | 'merge', Json>>,
  ) =>
    quantumTensorNetwork({
      ...settings,
      word: parseCircuit(settings.word),
      merge: parseCircuit(settings.merge),
      init: initializers.fromJSON(settings.init),
    }),
  spinReservoir: (settings: SpinReservoirOptions) => spinReservoir(settings),
});

/** Settings with the circuit and initialisers of gates, where they have them, checked as those of a stranger. */
function withGates(settings: GateSettings): RecurrentOptions {
  const { circuit, init, ...options } = settings;
  return {
    ...options,
    ...(circuit === undefined ? {} : { circuit: parseCircuit(circuit) }),
    ...(init === undefined ? {} : { init: rulesOf(init) }),
  };
}

function bothRules(settings: { readonly init: Json; readonly biasInit: Json }): {
  init: Initializer;
  biasInit: Initializer;
} {
  return {
    init: initializers.fromJSON(settings.init),
    biasInit: initializers.fromJSON(settings.biasInit),
  };
}

function rulesOf(init: Readonly<Record<string, Json>>): Record<string, Initializer> {
  return Object.fromEntries(
    Object.entries(init).map(([name, rule]) => [name, initializers.fromJSON(rule)] as const),
  );
}

/** Settings with a layer's circuit, measurements and initialisers, checked as those of a stranger. */
function withProgram<Settings extends CircuitSettings>(settings: Settings): Settings & Program {
  const circuit = parseCircuit(settings.circuit);
  const measurement = settings.measurement as unknown as Measurements;
  checkProgram(circuit, measurement, {}, reference().capabilities);
  return { ...settings, circuit, measurement, init: rulesOf(settings.init) };
}
