import { ValueError } from '@ketwork/base';
import type {
  BuiltLayer,
  ForwardContext,
  Json,
  Layer,
  Parameter,
  Shape,
  Tensor,
} from '../contract.ts';
import { checkShape, sameShape, shapeText } from '../shape.ts';

/** Settings of a layer as plain data; undefined ones are left out. */
export type Settings = Readonly<Record<string, Json | undefined>>;

/** Makes a layer without parameters from its shape rule and its recording. */
export function statelessLayer(
  kind: string,
  settings: Settings,
  outputShape: (input: Shape) => Shape,
  forward: (x: Tensor, context: ForwardContext) => Tensor,
): Layer {
  return makeLayer(kind, settings, undefined, (inputShape) => ({
    kind,
    inputShape,
    outputShape: outputShape(inputShape),
    parameters: [],
    buffers: [],
    couplesExamples: false,
    forward,
  }));
}

/** Makes a layer from its builder. */
export function makeLayer(
  kind: string,
  settings: Settings,
  inputShape: Shape | undefined,
  build: Layer['build'],
): Layer {
  const json: Record<string, Json> = { kind };
  for (const [name, value] of Object.entries(settings)) if (value !== undefined) json[name] = value;
  const layer: Layer = {
    kind,
    build(shape, key): BuiltLayer {
      checkShape(shape, `the input of ${kind}`);
      return build([...shape], key);
    },
    toJSON: () => json,
  };
  return Object.freeze(inputShape === undefined ? layer : { ...layer, inputShape });
}

/** Names a layer's array. */
export function parameter(name: string, shape: Shape, data: Float64Array): Parameter {
  return { name, shape, data };
}

/** Refuses an input shape. */
export function refuseInput(kind: string, got: Shape, expected: string): never {
  throw new ValueError(
    `${kind}: inputs of shape ${shapeText(got)} do not fit, it takes ${expected}`,
    {
      remedy: 'Shapes do not include the batch',
    },
  );
}

/** Refuses an input shape other than the layer's own. */
export function expectInput(kind: string, got: Shape, expected: Shape): void {
  if (!sameShape(got, expected)) refuseInput(kind, got, shapeText(expected));
}
