"""The work behind `dodo.py`.

A file here imports only from its own line and the lines above it.

    errors, suggest                   what can go wrong, and the nearest right spelling
    config, layout, records           what is asked, where things lie, what is written down
    catalogue, checks, configfile     torchvision's builders by name, what an entry may say, the settings as read
    files, process, toolchain         bytes on disk, child processes, compiler and torch
    console                           what a step prints: whole lines with its name
    graph/                            what doit asks of us: tasks, freshness, commands, and what it prints
    ------------------------------------------------------------------- nothing above imports torch
    cli, cmake                        the edge around a step; configuring and building the C++ side
    model/                            a model as a module, an archive, and the samples that it runs on
    parity/                           the golden set, the judgement, and how it is shown
    weights/, methods/                one module per source of weights, one per export method
    steps/                            the programs that doit starts: `python -m pipeline.steps.<name>`
"""
