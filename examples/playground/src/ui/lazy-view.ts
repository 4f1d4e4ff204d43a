/** A view that is loaded when it is first opened. */
export interface LazyView {
  readonly element: HTMLElement;
  /** Called whenever the view comes into sight. */
  shown(): void;
}
