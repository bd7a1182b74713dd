/** Numbers that grow in place: an ONNX file of trees has tens of millions, one field each. */
export class NumberList {
	#values = new Float64Array(16)
	length = 0

	push(value: number): void {
		if (this.length === this.#values.length) {
			const larger = new Float64Array(this.length * 2)
			larger.set(this.#values)
			this.#values = larger
		}
		this.#values[this.length++] = value
	}

	done(): Float64Array {
		return this.#values.subarray(0, this.length)
	}
}
