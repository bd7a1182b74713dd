import { expect, it } from 'vitest'
import { openOnnx } from '../../../src/explain/onnx/open-onnx.ts'
import { bytesOf, golden } from './golden.ts'

it('without onnxruntime an ONNX model says how to install it', async () => {
	const features = golden.names.map((name) => ({ name }))
	await expect(openOnnx(bytesOf('forest'), { features }, undefined)).rejects.toThrow(
		'ONNXRUNTIME_NODE_INSTALL=skip npm i onnxruntime-node',
	)
})
