export function connect() {}
export function arrive() {}
export function render() {}
export function setColouring() {}
