// The few pictures of the page. They are decoration: whoever uses one gives
// the button its label.
import type { JSX } from 'preact';

function icon(path: JSX.Element, className = 'icon') {
  return (
    <svg class={className} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {path}
    </svg>
  );
}

export const Pencil = () => icon(<path d="M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4" />);
export const Gear = () =>
  icon(
    <>
      <circle cx="12" cy="12" r="3.2" />
      <path d="M12 3.5v2.3M12 18.2v2.3M3.5 12h2.3M18.2 12h2.3M6 6l1.6 1.6M16.4 16.4 18 18M18 6l-1.6 1.6M7.6 16.4 6 18" />
    </>,
  );
export const Back = () => icon(<path d="M15 5l-7 7 7 7" />);
export const Down = () => icon(<path d="M12 5v13M6 12.5l6 6 6-6" />);
export const Send = () => icon(<path d="M12 19V5.5M5.5 12 12 5.5l6.5 6.5" />);
export const Cross = () => icon(<path d="M6 6l12 12M18 6 6 18" />);
export const Search = () =>
  icon(
    <>
      <circle cx="11" cy="11" r="6" />
      <path d="M20 20l-4.6-4.6" />
    </>,
  );
export const Info = () =>
  icon(
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 11v5.5M12 7.6v.1" />
    </>,
  );
export const Clock = () =>
  icon(
    <>
      <circle cx="12" cy="12" r="8" />
      <path d="M12 7.5V12l3 2" />
    </>,
    'mark',
  );
export const Check = () => icon(<path d="M5 12.5l4.5 4.5L19 7.5" />, 'mark');
export const Checks = () => icon(<path d="M1.5 12.5 6 17l9-9.5M10.5 15.5 12 17l9.5-9.5" />, 'mark two');
export const Dots = () => icon(<path d="M6 12h.01M12 12h.01M18 12h.01" />, 'icon dots');
export const Up = () => icon(<path d="M6 15l6-6 6 6" />);
export const Under = () => icon(<path d="M6 9l6 6 6-6" />);
export const Warn = () => icon(<path d="M12 4.5 21 20H3zM12 10v4.5M12 17.2v.1" />, 'mark');
export const Logo = () => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="9" />
    <circle cx="16" cy="10.4" r="3.6" />
    <circle cx="10.2" cy="19.6" r="3.6" opacity=".85" />
    <circle cx="21.8" cy="19.6" r="3.6" opacity=".7" />
  </svg>
);
