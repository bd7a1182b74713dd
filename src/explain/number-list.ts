/** Numbers of unknown count, gathered without an object a number: files of trees have tens of millions. */
export class NumberList {
	#room = new Float64Array(16)
	length = 0

	clear(): void {
		this.length = 0
	}

	push(value: number): void {
		if (this.length === this.#room.length) {
			const larger = new Float64Array(this.length * 2)
			larger.set(this.#room)
			this.#room = larger
		}
		this.#room[this.length++] = value
	}

	/** A copy, which takes no more room than its numbers and stays as the list goes on. */
	copy(): Float64Array {
		return this.#room.slice(0, this.length)
	}
}
