// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A compute shader of one line, as the words of its SPIR-V:
 *
 *	layout(set = 0, binding = 0) buffer B { uint word; };
 *	void main() { word = 0x5ade5ade; }
 */
#include "shader.h"

/* An instruction begins with its length in words, and its number. */
#define OP(length, number) ((uint32_t)(length) << 16 | (number))

enum {
	OP_MEMORY_MODEL = 14, OP_ENTRY_POINT = 15, OP_EXECUTION_MODE = 16,
	OP_CAPABILITY = 17, OP_TYPE_VOID = 19, OP_TYPE_INT = 21,
	OP_TYPE_STRUCT = 30, OP_TYPE_POINTER = 32, OP_TYPE_FUNCTION = 33,
	OP_CONSTANT = 43, OP_FUNCTION = 54, OP_FUNCTION_END = 56,
	OP_VARIABLE = 59, OP_STORE = 62, OP_ACCESS_CHAIN = 65, OP_DECORATE = 71,
	OP_MEMBER_DECORATE = 72, OP_LABEL = 248, OP_RETURN = 253,
};

/* What the instructions name each other by. */
enum {
	ID_MAIN = 1, ID_VOID, ID_FUNCTION, ID_UINT, ID_BLOCK, ID_BLOCK_POINTER,
	ID_UINT_POINTER, ID_BUFFER, ID_ZERO, ID_VALUE, ID_LABEL, ID_PLACE, IDS,
};

enum { CLASS_STORAGE_BUFFER = 12, DECORATION_BLOCK = 2, DECORATION_BINDING = 33,
	DECORATION_SET = 34, DECORATION_OFFSET = 35, MODE_LOCAL_SIZE = 17,
	MODEL_GL_COMPUTE = 5, MEMORY_GLSL450 = 1, CAPABILITY_SHADER = 1 };

static const uint32_t spirv[] = {
	0x07230203, 0x00010300, 0, IDS, 0,
	OP(2, OP_CAPABILITY), CAPABILITY_SHADER,
	OP(3, OP_MEMORY_MODEL), 0, MEMORY_GLSL450,
	/* The name is "main", in letters of the low byte first. */
	OP(5, OP_ENTRY_POINT), MODEL_GL_COMPUTE, ID_MAIN, 0x6e69616d, 0,
	OP(6, OP_EXECUTION_MODE), ID_MAIN, MODE_LOCAL_SIZE, 1, 1, 1,
	OP(3, OP_DECORATE), ID_BLOCK, DECORATION_BLOCK,
	OP(5, OP_MEMBER_DECORATE), ID_BLOCK, 0, DECORATION_OFFSET, 0,
	OP(4, OP_DECORATE), ID_BUFFER, DECORATION_SET, 0,
	OP(4, OP_DECORATE), ID_BUFFER, DECORATION_BINDING, 0,
	OP(2, OP_TYPE_VOID), ID_VOID,
	OP(3, OP_TYPE_FUNCTION), ID_FUNCTION, ID_VOID,
	OP(4, OP_TYPE_INT), ID_UINT, 32, 0,
	OP(3, OP_TYPE_STRUCT), ID_BLOCK, ID_UINT,
	OP(4, OP_TYPE_POINTER), ID_BLOCK_POINTER, CLASS_STORAGE_BUFFER, ID_BLOCK,
	OP(4, OP_TYPE_POINTER), ID_UINT_POINTER, CLASS_STORAGE_BUFFER, ID_UINT,
	OP(4, OP_VARIABLE), ID_BLOCK_POINTER, ID_BUFFER, CLASS_STORAGE_BUFFER,
	OP(4, OP_CONSTANT), ID_UINT, ID_ZERO, 0,
	OP(4, OP_CONSTANT), ID_UINT, ID_VALUE, VKT_SHADER_STORES,
	OP(5, OP_FUNCTION), ID_VOID, ID_MAIN, 0, ID_FUNCTION,
	OP(2, OP_LABEL), ID_LABEL,
	OP(5, OP_ACCESS_CHAIN), ID_UINT_POINTER, ID_PLACE, ID_BUFFER, ID_ZERO,
	OP(3, OP_STORE), ID_PLACE, ID_VALUE,
	OP(1, OP_RETURN),
	OP(1, OP_FUNCTION_END),
};

static const VkDescriptorType storage = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;

static VkDescriptorSetLayout set_layout(struct vkt *t)
{
	const VkDescriptorSetLayoutBinding binding = {
		0, storage, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL,
	};
	const VkDescriptorSetLayoutCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = 1,
		.pBindings = &binding,
	};
	VkDescriptorSetLayout layout;

	VK(t, vkCreateDescriptorSetLayout(t->dev->dev, &info, NULL, &layout));
	vkt_later(t, VKT_SET_LAYOUT, VKT_HANDLE(layout));
	return layout;
}

static VkDescriptorSet set(struct vkt *t, VkDescriptorSetLayout layout, VkBuffer buf)
{
	const VkDescriptorPoolSize size = { storage, 1 };
	const VkDescriptorPoolCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
		.maxSets = 1,
		.poolSizeCount = 1,
		.pPoolSizes = &size,
	};
	VkDescriptorSetAllocateInfo allocate = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
		.descriptorSetCount = 1,
		.pSetLayouts = &layout,
	};
	const VkDescriptorBufferInfo buffer = { buf, 0, VK_WHOLE_SIZE };
	VkWriteDescriptorSet write = {
		.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
		.descriptorCount = 1,
		.descriptorType = storage,
		.pBufferInfo = &buffer,
	};

	VK(t, vkCreateDescriptorPool(t->dev->dev, &info, NULL,
				     &allocate.descriptorPool));
	vkt_later(t, VKT_SETS, VKT_HANDLE(allocate.descriptorPool));
	VK(t, vkAllocateDescriptorSets(t->dev->dev, &allocate, &write.dstSet));
	vkUpdateDescriptorSets(t->dev->dev, 1, &write, 0, NULL);
	return write.dstSet;
}

static VkPipeline pipeline(struct vkt *t, VkPipelineLayout layout)
{
	const VkShaderModuleCreateInfo module = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = sizeof(spirv),
		.pCode = spirv,
	};
	VkComputePipelineCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
		.stage = {
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_COMPUTE_BIT,
			.pName = "main",
		},
		.layout = layout,
	};
	VkPipeline made;

	VK(t, vkCreateShaderModule(t->dev->dev, &module, NULL, &info.stage.module));
	vkt_later(t, VKT_SHADER, VKT_HANDLE(info.stage.module));
	VK(t, vkCreateComputePipelines(t->dev->dev, VK_NULL_HANDLE, 1, &info, NULL,
				       &made));
	vkt_later(t, VKT_PIPELINE, VKT_HANDLE(made));
	return made;
}

void vkt_dispatch(struct vkt *t, VkCommandBuffer cmd, VkBuffer buf)
{
	VkDescriptorSetLayout sets = set_layout(t);
	const VkPipelineLayoutCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &sets,
	};
	VkDescriptorSet bound = set(t, sets, buf);
	VkPipelineLayout layout;

	VK(t, vkCreatePipelineLayout(t->dev->dev, &info, NULL, &layout));
	vkt_later(t, VKT_LAYOUT, VKT_HANDLE(layout));
	vkCmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline(t, layout));
	vkCmdBindDescriptorSets(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1,
				&bound, 0, NULL);
	vkCmdDispatch(cmd, 1, 1, 1);
}
