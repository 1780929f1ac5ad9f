"""The work behind `dodo.py`.

A file here imports only from the lines above its own; nothing above the rule imports torch.

    errors, suggest                   what can go wrong, and the nearest right spelling
    config, layout, records           what is asked, where things lie, what is written down
    catalogue, configfile             torchvision's builders by name, and the settings as they are read
    files, process, toolchain         bytes on disk, child processes, compiler and torch
    freshness, reporter, tasks        what doit asks us, and how a task is made
    ------------------------------------------------------------------------------------
    console, cli                      what a step prints, and the edge around it
    cmake                             configuring and building the C++ side
    vision, builders, samples, ...    the helpers of the steps
    weights/, methods/                one module per source of weights, one per export method
    steps/                            the programs that doit starts: `python -m pipeline.steps.<name>`
"""
