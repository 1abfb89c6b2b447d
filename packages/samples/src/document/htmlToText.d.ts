/** The part of html-to-text that is used here: the package brings no types of its own. */
declare module 'html-to-text' {
  export type HtmlElement = { readonly name: string; readonly children: readonly unknown[] };

  export type BlockTextBuilder = {
    openBlock(options: { leadingLineBreaks: number }): void;
    closeBlock(options: { trailingLineBreaks: number }): void;
    addLiteral(text: string): void;
  };

  export type Formatter = (
    element: HtmlElement,
    walk: (children: readonly unknown[], builder: BlockTextBuilder) => void,
    builder: BlockTextBuilder,
    options: Readonly<Record<string, unknown>>,
  ) => void;

  export type ConvertOptions = {
    readonly wordwrap: false;
    readonly baseElements: { readonly selectors: readonly string[] };
    readonly limits: {
      readonly maxDepth: number;
      readonly ellipsis: string;
      readonly maxInputLength: undefined;
    };
    readonly formatters: Readonly<Record<string, Formatter>>;
    readonly selectors: readonly {
      readonly selector: string;
      readonly format: string;
      readonly options?: Readonly<Record<string, unknown>>;
    }[];
  };

  export function convert(html: string, options: ConvertOptions): string;
}
