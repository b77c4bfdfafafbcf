// One of a few, all in sight.

export function Choice<T extends string>(props: { name: string; now: T; of: [T, string][]; onPick: (value: T) => void }) {
  return (
    <fieldset class="choice">
      <legend>{props.name}</legend>
      <div class="options">
        {props.of.map(([value, text]) => (
          <label key={value}>
            <input type="radio" name={props.name} checked={props.now === value} onChange={() => props.onPick(value)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
