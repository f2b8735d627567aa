// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The device as one on a PCI bus: a host bridge, made up, with a bus of its own and
 * one device on it.
 *
 * Programs find what they find for a card, ids and all; the kernel's own driver
 * does not, as the device is no display controller. The driver here binds to a
 * device of this bus and to no other: its ids are a card's, too.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#include "nv_bus.h"
#include "nv_device.h"

#define CONFIG_WORDS	16
#define COMMAND_BITS	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | \
			 PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE)
#define SUBSYSTEM	0x0001
#define REVISION	0xa1

/* libdrm reads four digits of a domain, and so many numbers there are of buses. */
#define LAST_DOMAIN	0xffff
#define LAST_BUS	0xff

#if defined(CONFIG_X86) && defined(CONFIG_PCI_DOMAINS)
#define OWN_DOMAIN true
static struct pci_sysdata sysdata;

static void *domain_sysdata(int domain)
{
	sysdata = (struct pci_sysdata) {
		.domain = domain,
		.node = NUMA_NO_NODE,
	};
	return &sysdata;
}
#else
/* The kernel finds one, or there is only one. */
#define OWN_DOMAIN false
static void *domain_sysdata(int domain)
{
	return NULL;
}
#endif

/**
 * struct nv_pci - the bus and what is on it; does not change while it is there
 */
struct nv_pci {
	/** @root: what the host bridge hangs from */
	struct device *root;
	/** @bridge: the host bridge */
	struct pci_host_bridge *bridge;
	/** @numbers: those of buses behind the bridge: one */
	struct resource numbers;
	/** @config: the device's configuration space; under the core's lock of it */
	u32 config[CONFIG_WORDS];
};

static struct nv_pci pci;

static void reset_config(void)
{
	memset(pci.config, 0, sizeof(pci.config));
	pci.config[PCI_VENDOR_ID / 4] = NV_PCI_DEVICE << 16 | NV_PCI_VENDOR;
	pci.config[PCI_CLASS_REVISION / 4] =
		PCI_CLASS_ACCELERATOR_PROCESSING << 16 | REVISION;
	pci.config[PCI_SUBSYSTEM_VENDOR_ID / 4] = SUBSYSTEM << 16 | NV_PCI_VENDOR;
}

static u32 size_mask(int size)
{
	return size == 4 ? U32_MAX : (1u << size * 8) - 1;
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 *value)
{
	/* Behind the header there is nothing: no capability, no BAR. */
	u32 word = where / 4 < CONFIG_WORDS ? pci.config[where / 4] : 0;

	if (devfn) {
		*value = U32_MAX;
		return PCIBIOS_DEVICE_NOT_FOUND;
	}

	*value = word >> where % 4 * 8 & size_mask(size);
	return PCIBIOS_SUCCESSFUL;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 value)
{
	if (devfn)
		return PCIBIOS_DEVICE_NOT_FOUND;

	/* Nothing else can be written to. */
	if (where == PCI_COMMAND)
		pci.config[PCI_COMMAND / 4] = value & COMMAND_BITS;
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops config_ops = {
	.read = config_read,
	.write = config_write,
};

static int vgpu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nv_device *nv;
	int ret;

	/* A card, or what somebody made to look like one. */
	if (pdev->bus->ops != &config_ops)
		return -ENODEV;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	pci_set_master(pdev);

	nv = nv_device_create(&pdev->dev);
	if (IS_ERR(nv))
		return PTR_ERR(nv);

	pci_set_drvdata(pdev, nv);
	return 0;
}

static void vgpu_remove(struct pci_dev *pdev)
{
	nv_device_unplug(pci_get_drvdata(pdev));
}

/* Not for MODULE_DEVICE_TABLE: nobody is to load this for a card. */
static const struct pci_device_id vgpu_ids[] = {
	{
		PCI_DEVICE_SUB(NV_PCI_VENDOR, NV_PCI_DEVICE, NV_PCI_VENDOR,
			       SUBSYSTEM),
		.class = PCI_CLASS_ACCELERATOR_PROCESSING << 8,
		.class_mask = 0xffff00,
	},
	{ }
};

static struct pci_driver vgpu_driver = {
	.name = NV_BUS_NAME,
	.id_table = vgpu_ids,
	.probe = vgpu_probe,
	.remove = vgpu_remove,
};

/* The first numbers that nobody has. */
static int find_numbers(int *domain, int *number)
{
	*domain = 0;
	*number = 0;
	if (OWN_DOMAIN) {
		while (++*domain <= LAST_DOMAIN && pci_find_bus(*domain, 0))
			;
		return *domain <= LAST_DOMAIN ? 0 : -ENOSPC;
	}

	if (IS_ENABLED(CONFIG_PCI_DOMAINS))
		return 0;

	while (++*number <= LAST_BUS && pci_find_bus(0, *number))
		;
	return *number <= LAST_BUS ? 0 : -ENOSPC;
}

static int add_bus(void)
{
	struct pci_host_bridge *bridge;
	int domain, number, ret;

	ret = find_numbers(&domain, &number);
	if (ret)
		return ret;

	bridge = pci_alloc_host_bridge(0);
	if (!bridge)
		return -ENOMEM;

	pci.numbers = (struct resource) {
		.name = NV_BUS_NAME,
		.start = number,
		.end = number,
		.flags = IORESOURCE_BUS,
	};
	pci_add_resource(&bridge->windows, &pci.numbers);
	bridge->dev.parent = pci.root;
	bridge->ops = &config_ops;
	bridge->busnr = number;
	bridge->sysdata = domain_sysdata(domain);

	ret = pci_host_probe(bridge);
	if (ret)
		pci_free_host_bridge(bridge);
	else
		pci.bridge = bridge;
	return ret;
}

/**
 * nv_pci_plug() - plug the device into a bus of its own
 *
 * Context: process; sleeps; once at a time.
 * Return: 0; -ENOMEM; -ENOSPC if all domains, or buses, are taken; what the PCI
 * core returns.
 */
int nv_pci_plug(void)
{
	int ret;

	reset_config();
	pci.root = root_device_register(NV_BUS_NAME);
	if (IS_ERR(pci.root))
		return PTR_ERR(pci.root);

	ret = pci_register_driver(&vgpu_driver);
	if (ret)
		goto err_root;

	ret = add_bus();
	if (ret)
		goto err_driver;

	return 0;

err_driver:
	pci_unregister_driver(&vgpu_driver);
err_root:
	root_device_unregister(pci.root);
	return ret;
}

/**
 * nv_pci_unplug() - undo nv_pci_plug()
 *
 * Context: process; sleeps.
 */
void nv_pci_unplug(void)
{
	pci_lock_rescan_remove();
	pci_stop_root_bus(pci.bridge->bus);
	pci_remove_root_bus(pci.bridge->bus);
	pci_unlock_rescan_remove();
	pci_free_host_bridge(pci.bridge);

	pci_unregister_driver(&vgpu_driver);
	root_device_unregister(pci.root);
}
