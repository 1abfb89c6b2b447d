import { Component, type ReactNode } from 'react';
import { Button } from '../components/button.tsx';

/** A page that breaks shows an error, and the rest of the console keeps working. */
export class ErrorBoundary extends Component<
  { readonly place: string; readonly children: ReactNode },
  { readonly error: unknown; readonly place: string }
> {
  override state: { readonly error: unknown; readonly place: string } = {
    error: undefined,
    place: this.props.place,
  };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  static getDerivedStateFromProps(props: { readonly place: string }, state: { readonly place: string }) {
    return props.place === state.place ? null : { error: undefined, place: props.place };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div className="notice" role="alert">
        <div>
          <strong>This page broke.</strong>
          <p>{error instanceof Error ? error.message : String(error)}</p>
          <p>
            <Button tiny onClick={() => location.reload()}>
              Load it again
            </Button>
          </p>
        </div>
      </div>
    );
  }
}
