import { Tape, ops } from '@ketwork/nn';
import type { Tensor } from '@ketwork/nn';
import { angles } from '../harness/circuits.ts';
import { local } from '../harness/measure.ts';
import { compare, mustAgree } from '../harness/question.ts';
import type { Context, PeerSide, Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';
import { tensorflowName } from '../peers/tensorflow.ts';
import type { ConvolutionPeer, SameConvolution } from '../peers/tensorflow.ts';

const name = 'convolution';
const KERNEL = 5;

/** The two convolutions of a network for MNIST. The pixels of the first one have no gradient. */
const cases = [
  { channels: 1, filters: 16, side: 28, pixels: false },
  { channels: 16, filters: 32, side: 14, pixels: true },
] as const;

/** Convolutions with 5 × 5 windows, which take most of the time of hybrid networks for images. */
export const convolutions: Question = {
  name,
  asks: 'How long does a convolution of 64 images take, and with gradients?',
  async answer(context) {
    const batch = context.tiny === true ? 5 : 64;
    const rows: Row[] = [];
    for (const { pixels, ...sizes } of cases)
      rows.push(...(await ask(context, { ...sizes, batch, kernel: KERNEL }, pixels)));
    if (context.peers.tensorflow === undefined)
      context.skip(`${name}: TensorFlow.js is not installed`);
    return rows;
  },
};

async function ask(
  { settings, peers }: Context,
  shape: SameConvolution,
  pixels: boolean,
): Promise<Row[]> {
  const { batch, channels, filters, side, kernel } = shape;
  const arrays = {
    x: angles(batch * channels * side * side, 0.3).map(Math.sin),
    w: angles(filters * channels * kernel * kernel, 0.7).map(Math.cos),
    bias: angles(filters, 0.1).map(Math.sin),
    dy: angles(batch * filters * side * side, 0.9).map((angle) => 0.01 * Math.sin(angle)),
  };
  const image = [channels, side, side];
  const again = new SameMemory();
  const forward = (): { tape: Tape; inputs: Tensor[]; output: Tensor } => {
    again.begin();
    const tape = new Tape(batch, 0, again.room);
    const x = pixels
      ? tape.variable(arrays.x, image, 'batch')
      : tape.constant(arrays.x, image, 'batch');
    const w = tape.variable(arrays.w, [filters, channels, kernel, kernel], 'shared');
    const bias = tape.variable(arrays.bias, [filters], 'shared');
    const output = ops.conv2d(x, w, bias, { padding: (kernel - 1) / 2 });
    void tape.run();
    return { tape, inputs: pixels ? [x, w] : [w], output };
  };
  const gradients = () => {
    const { tape, inputs, output } = forward();
    const result = tape.backward(output, arrays.dy);
    if (result instanceof Promise) throw new Error('a convolution runs elsewhere');
    return inputs.map((input) => result.of(input));
  };
  const peer = peers.tensorflow?.convolution(shape, arrays);
  if (peer !== undefined) {
    const { tape, output } = forward();
    check(`${name}, forward`, tape.value(output), peer.read('forward'));
    const [first, second] = gradients();
    if (pixels) check(`${name}, images`, first!, peer.read('imageGradient'));
    check(`${name}, weights`, (pixels ? second : first)!, peer.read('weightGradient'));
  }
  const text = `${channels} to ${filters} channels, ${side} x ${side}, batch ${batch}`;
  const toUnit = (seconds: number): number => 1e3 * seconds;
  const side1 = (work: (peer: ConvolutionPeer) => void): PeerSide[] =>
    peer === undefined
      ? []
      : [{ name: tensorflowName, timer: local(() => work(peer)), toUnit, goal: 1 }];
  const common = { question: name, unit: 'ms' };
  return [
    ...(await compare(
      {
        ...common,
        case: `${text}, value`,
        ours: { timer: local(forward), toUnit },
        peers: side1((it) => it.forward()),
      },
      settings,
    )),
    ...(await compare(
      {
        ...common,
        case: `${text}, value and gradients of ${pixels ? 'images and weights' : 'weights'}`,
        ours: { timer: local(gradients), toUnit },
        peers: side1((it) => {
          it.forward();
          if (pixels) it.imageGradient();
          it.weightGradient();
        }),
      },
      settings,
    )),
  ];
}

/** Gives every pass the same memory for its results, as steps of training have it. */
class SameMemory {
  readonly #arrays: Float64Array[] = [];
  #next = 0;

  begin(): void {
    this.#next = 0;
  }

  readonly room = (length: number): Float64Array => {
    const at = this.#next++;
    const present = this.#arrays[at];
    const array = present?.length === length ? present : new Float64Array(length);
    this.#arrays[at] = array;
    return array;
  };
}

/** The peer computes in single precision. */
function check(what: string, ours: Float64Array, theirs: Float64Array): void {
  mustAgree(what, ours, theirs, 1e-3);
}
